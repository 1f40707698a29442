"""What the DAG itself decides: the run's instant, its regions, and how it ended."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from graphrec.dags.as_of import resolve_as_of
from graphrec.dags.run_params import publishing_of, rebuild_args
from graphrec_core.config import load_pipeline, regions_of_day, shape_of, triggered_overrides
from graphrec_core.errors import ConfigError, GraphrecError

RESOLVE, CHOOSE, END = "resolve-as-of", "choose-regions", "day-ended"
FINE = ("success", "removed")
"""A task is `removed` when an earlier try of the run had more regions."""


def resolve(config_path: str, shape: Mapping[str, Sequence[str]], context: Context) -> str:
    """Resolves the run's one instant and checks its overrides before anything is started.

    Raises:
        AirflowFailException: The parameters of the run are wrong.
    """
    dag_run, params = context["dag_run"], context["params"]
    # The SDK's kinds of run are (str, Enum): their str() is the member's name, not its value.
    run_type = getattr(dag_run.run_type, "value", dag_run.run_type)
    try:
        instant = resolve_as_of(params["as_of"], run_type, dag_run.logical_date, dag_run.run_after)
        check_overrides(config_path, shape, params["overrides"], publishing_of(params))
        check_acceptance(params, run_type)
    except GraphrecError as error:
        raise AirflowFailException(str(error)) from error
    return instant.isoformat()


def check_overrides(
    config_path: str,
    shape: Mapping[str, Sequence[str]],
    overrides: Sequence[object],
    publishing: Sequence[str] = (),
) -> None:
    """Refuses settings that a run may not carry, or that its DAG cannot follow any more.

    Args:
        config_path: The pipeline's YAML.
        shape: ``shape_of`` the recommender that the DAG was made for.
        overrides: What whoever triggered the run wrote.
        publishing: The parameters on publishing, as overrides.

    Raises:
        ConfigError: A key that ``schedule.overridable`` does not list, an unknown or wrong key, or
            a recommender whose steps this DAG has not.
    """
    path = Path(config_path)
    config = load_pipeline(path, [*triggered_overrides(path, overrides), *publishing])
    wanted = shape_of(config.recommender)
    if wanted != shape:
        changed = [step for step, scopes in shape.items() if wanted[step] != scopes]
        raise ConfigError(
            must="A day's steps follow from recommender when the DAG is parsed; this one has "
            f"{_told(shape, changed)}.",
            found=f"overrides that need {_told(wanted, changed)}",
            fix=f"Change recommender in {Path(config_path).name}.",
        )


def _told(shape: Mapping[str, Sequence[str]], steps: Sequence[str]) -> str:
    return "; ".join(f"{step}: {' and '.join(shape[step]) or 'none'}" for step in steps)


def check_acceptance(params: Mapping[str, Any], run_type: str) -> None:
    """Refuses to accept changed history unasked: by nobody, or one reason for many days.

    Raises:
        ConfigError: The parameters are incomplete, or the run is one of a backfill.
    """
    rebuild_args(params)
    if params["accept"] and run_type == "backfill":
        raise ConfigError(
            must="A changed history is accepted day by day.",
            found="accept in a backfill",
            fix="Backfill with rebuild alone; then trigger the changed days one by one.",
        )


def choose_regions(snapshot: Mapping[str, Any], wanted: Sequence[str] | None) -> list[str]:
    """Returns the regions to map over, sorted.

    Args:
        snapshot: The result of ``build-snapshot``.
        wanted: The parameter ``regions``; None or empty for all.

    Raises:
        AirflowFailException: A wanted region is unknown, or no region is left. A failure, because
            Airflow skips a group that is mapped over nothing, and a skipped day looks like a good
            one.
    """
    try:
        return regions_of_day(snapshot, wanted or ())
    except GraphrecError as error:
        raise AirflowFailException(str(error)) from error


def end_of_day(context: Context) -> None:
    """Fails unless every other task of the run succeeded.

    An all_done task (the report) would otherwise end the run as a success although a region
    failed.

    Raises:
        AirflowFailException: Names the tasks that did not succeed.
    """
    ti = context["ti"]
    states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id])[ti.run_id]
    if bad := unsuccessful(states):
        raise AirflowFailException(f"The day did not end well: {bad}. See the report.")


def unsuccessful(states: Mapping[str, Any]) -> str:
    """Lists the tasks that did not succeed, the last task itself left out."""
    return ", ".join(
        f"{name} ({state})"
        for name, state in sorted(states.items())
        if name != END and state not in FINE
    )

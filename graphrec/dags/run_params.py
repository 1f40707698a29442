"""The typed parameters of a run, and what the tasks read from them."""

import json
from collections.abc import Mapping
from typing import Any

from airflow.sdk import Context, Param

from graphrec_core.config import PipelineConfig
from graphrec_core.errors import ConfigError


def run_params(config: PipelineConfig) -> dict[str, Param]:
    """Returns the parameters of one pipeline's DAG; what the YAML says is the default."""
    publish = config.publish
    return {
        "as_of": Param(
            None,
            type=["null", "string"],
            minLength=10,
            description="Instant of the run: an ISO date or date-time, UTC. Empty: the day after "
            "the logical date. Refused in backfills.",
        ),
        "regions": Param(
            None,
            type=["null", "array"],
            items={"type": "string"},
            minItems=1,
            description="Only these regions. Empty: all regions of the snapshot.",
        ),
        "publish": Param(
            publish.mode,
            type="string",
            enum=["auto", "never", "force"],
            description="auto: the gate decides; never: release only; force: ignore the gate.",
        ),
        "forced_by": Param(publish.forced_by, type="string", description="Who forces; recorded."),
        "forced_why": Param(publish.forced_why, type="string", description="Why; recorded."),
        "rebuild": Param(
            False,
            type="boolean",
            description="Compare the source's past with the day's snapshot; a change fails the "
            "run unless it is accepted.",
        ),
        "accept": Param(
            False,
            type="boolean",
            description="Accept a changed past: a revision of the snapshot. Refused in backfills.",
        ),
        "accepted_by": Param("", type="string", description="Who accepts; recorded."),
        "accepted_why": Param("", type="string", description="Why; recorded."),
        "overrides": Param(
            [],
            type="array",
            items={"type": "string", "pattern": r"^[^=]+=.*$"},
            description="Settings of this run: section.key=value, the value read as YAML. Only "
            f"{', '.join(config.schedule.overridable) or 'none'} (schedule.overridable).",
        ),
    }


def publishing_of(params: Mapping[str, Any]) -> list[str]:
    """Returns the parameters on publishing as ``section.key=value`` strings.

    They are parameters of their own, so ``schedule.overridable`` does not limit them.
    """
    settings = {"publish.mode": params["publish"]}
    for key in ("forced_by", "forced_why"):
        if params[key]:
            settings[f"publish.{key}"] = params[key]
    return [f"{key}={json.dumps(value)}" for key, value in settings.items()]


def rebuild_args(params: Mapping[str, Any]) -> list[str]:
    """Returns what the run's parameters add to the command of build-snapshot.

    Raises:
        ConfigError: A change is accepted by nobody, for no reason, or without a look at it.
    """
    by, why = params["accepted_by"].strip(), params["accepted_why"].strip()
    if params["accept"] and not (params["rebuild"] and by and why):
        raise ConfigError(
            must="accept needs rebuild, accepted_by and accepted_why: who and why is recorded.",
            found=f"rebuild {params['rebuild']}, by {by!r}, why {why!r}",
            fix="Run with rebuild alone first, to see what changed.",
        )
    if not params["accept"]:
        return ["--rebuild"] if params["rebuild"] else []
    return ["--rebuild", "--accept", f"--by={by}", f"--reason={why}"]


def rendered_rebuild(context: Context, jinja_env: object) -> list[str]:
    """Renders ``extra_args`` of build-snapshot from the run's parameters."""
    return rebuild_args(context["params"])


def rendered_overrides(context: Context, jinja_env: object) -> list[str]:
    """Renders a task's ``overrides`` from the run's parameters (a callable template field)."""
    return list(context["params"]["overrides"])


def rendered_publishing(context: Context, jinja_env: object) -> list[str]:
    """Renders a task's ``publishing`` from the run's parameters."""
    return publishing_of(context["params"])


def rendered_regions(context: Context, jinja_env: object) -> list[str]:
    """Renders ``regions`` of a task that works on all of them: empty unless the run names some."""
    return list(context["params"]["regions"] or [])

"""The table of steps: what each one does, where its result lies, and what it depends on.

An artefact's id is a hash over these (see ``graphrec_core.lake.identity``); ``graphrec_core.day``
derives every id, folder and inputs of a day from this table; commands, ``--help``, the DAG and
``status`` follow it too. Bump ``version`` when a change to the
code changes a step's result; ``tests/config/test_steps.py`` holds the golden ids.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from graphrec_core.config.gate import AppliedBy, GateConfig
from graphrec_core.types import View


class StepName(StrEnum):
    """A step: its CLI command, its Airflow task and, with underscores, its file in ``jobs/``."""

    WAIT = "wait-for-source"
    VALIDATE = "validate-source"
    SNAPSHOT = "build-snapshot"
    CHECK = "check-snapshot"
    TRAIN = "train-model"
    WINDOW = "build-window"
    CHOICE = "choose-recommender"
    RANKER = "fit-ranker"
    EMBED = "generate-embeddings"
    EVALUATE = "evaluate-model"
    SHARD = "build-shard"
    PUBLISH = "publish-release"
    SCORE = "score-release"
    REPORT = "write-report"


class Grain(StrEnum):
    """How many results a step has in a day."""

    DAY = "day"
    SOURCE = "source"  # one per source and region, or one of all regions where it is global
    REGION = "region"


class Needs(StrEnum):
    """What a step needs of the tasks just before it, all of which have ended by then."""

    ALL = "all"  # that each ended well
    ONE = "one"  # that one did
    NOTHING = "nothing"

    def are_met(self, ended_well: Iterable[bool]) -> bool:
        """Tells whether the step may run after tasks that ended so."""
        tell = {Needs.ALL: all, Needs.ONE: any, Needs.NOTHING: lambda _: True}
        return tell[self](ended_well)


@dataclass(frozen=True)
class StepInput:
    """An earlier step's result that a step reads.

    Of a result per source, a step with one too reads its own source's, any other step every one:
    then the role of each is ``role.source``.

    Attributes:
        role: What it is to the step; its key among the inputs of a manifest.
        step: The step that makes it.
        view: The view it is of; None where the step has one result for all views.
    """

    role: str
    step: StepName
    view: View | None = None


@dataclass(frozen=True)
class StepSpec:
    """What a step does, and what identifies its result beside its instant and its region.

    Attributes:
        help: One sentence of what it does.
        version: Counts changes of the code that change the result.
        settings: Dotted keys of the configuration that the result depends on.
        grain: How many results a day has.
        inputs: Results of earlier steps that it reads. What else a run gives it as input, such as
            earlier releases, stands in the manifest beside them.
        has_views: Whether each view has a result of its own.
        folder: Its result's place in a pipeline's lake, made from ``{as_of}``, ``{region}`` and
            ``{id}``; empty: it leaves none.
        within: The step that does it too; None: it is a task of the DAG.
        needs: When it runs: after which ends of the tasks just before it.
        runs: Steps whose code it runs too: their versions count as its own.
    """

    help: str
    version: int
    settings: tuple[str, ...]
    grain: Grain = Grain.DAY
    inputs: tuple[StepInput, ...] = ()
    has_views: bool = False
    folder: str = ""
    within: StepName | None = None
    needs: Needs = Needs.ALL
    runs: tuple[StepName, ...] = ()


_CANONICAL = (
    "source.town",
    "source.formats",  # how tables are read, not where they lie
    "source.nodes",
    "source.edges",
    "source.features",
)
OWN_SETTINGS = "recommender.sources.*"
"""Stands for the settings of the source whose result it is, without its name and its quota."""
QUOTAS = "recommender.quotas"
"""Stands for the quota of every source."""
SAMPLE = "recommender.sample"
"""Stands for the settings that choose the pairs that a ranker is fitted to."""
_LISTS = (QUOTAS, "recommender.ranker")
_SCORED = ("evaluation.k", "evaluation.depth", "evaluation.recent_days")
_MEASURED = (*_SCORED, "evaluation.cold_start_max_degree", "evaluation.low_degree_max")


def _gate_settings(step: StepName) -> tuple[str, ...]:
    """Returns the settings of the gate that a step applies; a new one is evaluate-model's."""
    applied = {
        name: next(
            (mark.step for mark in field.metadata if isinstance(mark, AppliedBy)),
            str(StepName.EVALUATE),
        )
        for name, field in GateConfig.model_fields.items()
    }
    return tuple(f"gate.{name}" for name, by in applied.items() if by == step)


_RULES = ("source.earliest_time", "source.max_bad_rows_frac")

_SNAPSHOT = StepInput("snapshot", StepName.SNAPSHOT)
_RANKER = StepInput("ranker", StepName.RANKER)
_CHOICE = StepInput("choice", StepName.CHOICE)

STEPS: dict[StepName, StepSpec] = {
    StepName.WAIT: StepSpec(
        "Waits until the day's rows can be there: as_of + lateness, and the readiness marker.",
        1,
        (),
    ),
    StepName.VALIDATE: StepSpec(
        "Checks every row and every table; bad rows go to quarantine, too many refuse the day.",
        12,
        (*_CANONICAL, *_RULES, "task", "time", "region.home"),
        folder="quarantine/as_of={as_of}/{id}",
    ),
    StepName.SNAPSHOT: StepSpec(
        "Builds the day's as-of graph: three views and two holdouts by region, audited.",
        15,
        (*_CANONICAL, "source.earliest_time", "task", "time", "region"),
        folder="snapshots/as_of={as_of}/{id}",
    ),
    StepName.CHECK: StepSpec(
        "Compares the snapshot with the last days, as build-snapshot does at its end.",
        3,
        ("task", "quality"),
        inputs=(_SNAPSHOT,),
        folder="verdicts/as_of={as_of}/{id}",
        within=StepName.SNAPSHOT,
    ),
    StepName.TRAIN: StepSpec(
        "Finds the epochs of a region's encoders, or of the global ones, on the fit view, and "
        "trains them on the train and serve view.",
        7,
        ("task", OWN_SETTINGS, "training", "quality.max_feature_drift", "quality.min_count"),
        Grain.SOURCE,
        (_SNAPSHOT,),
        folder="models/{region}/{id}",
    ),
    StepName.WINDOW: StepSpec(
        "Samples pairs that the sources propose on the fit view, with their features and whether "
        "they were met.",
        4,
        ("task", "recommender.sources", SAMPLE),
        # A model a region is an input too, and a region without one is left out (see day).
        inputs=(_SNAPSHOT,),
        folder="windows/as_of={as_of}/{id}",
        within=StepName.RANKER,
    ),
    StepName.CHOICE: StepSpec(
        "Lets the recommender and its challengers compete on the fit holdout; the best one of a "
        "region serves it.",
        2,
        ("task", "recommender", "training.min_queries", *_SCORED),
        # Trained models and earlier windows are inputs too (see day).
        inputs=(_SNAPSHOT, StepInput("check", StepName.CHECK)),
        folder="choices/as_of={as_of}/{id}",
        needs=Needs.ONE,
        runs=(StepName.WINDOW, StepName.RANKER, StepName.EVALUATE),
    ),
    StepName.RANKER: StepSpec(
        "Fits the ranker of all regions at once to the day's window and earlier ones.",
        6,
        ("task", "recommender", "training.min_queries"),
        # The windows are inputs too (see day). One for each contender that some region chose.
        inputs=(StepInput("check", StepName.CHECK),),
        folder="rankers/{id}",
        needs=Needs.ONE,
    ),
    StepName.EMBED: StepSpec(
        "Embeds every node of one view with the trained weights; lists what scorers propose.",
        4,
        (OWN_SETTINGS, *_gate_settings(StepName.EMBED)),
        Grain.SOURCE,
        (_SNAPSHOT, StepInput("model", StepName.TRAIN)),
        has_views=True,
        folder="embeddings/{id}",
    ),
    StepName.EVALUATE: StepSpec(
        "Ranks every candidate for the holdout's queries and stores the gate's decision.",
        5,
        ("task", *_LISTS, *_MEASURED, *_gate_settings(StepName.EVALUATE)),
        Grain.REGION,
        (_SNAPSHOT, StepInput("embedding", StepName.EMBED, View.TRAIN), _RANKER, _CHOICE),
        folder="evaluations/{id}/{region}",
    ),
    StepName.SHARD: StepSpec(
        "Builds a region's self-contained shard and measures its recall.",
        6,
        ("task", *_LISTS, "index", "evaluation.recent_days", *_gate_settings(StepName.SHARD)),
        Grain.REGION,
        (_SNAPSHOT, StepInput("embedding", StepName.EMBED, View.SERVE), _RANKER, _CHOICE),
        folder="shards/{region}/{id}",
    ),
    StepName.PUBLISH: StepSpec(
        "Publishes the regions that passed the gate; exits 3 naming the others.",
        2,
        ("gate", "publish"),
        folder="releases/{id}.json",
        # One region may fail and the others go live; without any shard there is no release.
        needs=Needs.ONE,
    ),
    StepName.SCORE: StepSpec(
        "Scores the release of a horizon ago on what then happened.",
        1,
        ("task", *_SCORED, "gate.baselines"),
        # What it served, and the champions of its day, are inputs too (see day.references).
        inputs=(_SNAPSHOT,),
        folder="scores/as_of={as_of}/{id}",
        within=StepName.REPORT,
    ),
    StepName.REPORT: StepSpec(
        "Writes the day's HTML page from whatever exists.", 1, (), needs=Needs.NOTHING
    ),
}
"""Each step, in the order of a day."""


def versions_of(step: StepName) -> dict[StepName, int]:
    """Returns the versions of the code that makes a step's result: its own, and what it runs."""
    return {one: STEPS[one].version for one in (step, *STEPS[step].runs)}

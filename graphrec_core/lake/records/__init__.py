"""Frozen models of what manifests and releases say: figures and decisions."""

from graphrec_core.lake.records.decision import ALL, GateDecision, GateVerdict, Outcome
from graphrec_core.lake.records.direction import Better
from graphrec_core.lake.records.evaluation import EvaluationFigures, SliceFigures
from graphrec_core.lake.records.figures import Figures, Record
from graphrec_core.lake.records.left_out import LeftOutPairs
from graphrec_core.lake.records.refit import RefitCheck
from graphrec_core.lake.records.shard import ShardFigures
from graphrec_core.lake.records.steps import FIGURES, stats_of

__all__ = [
    "ALL",
    "FIGURES",
    "Better",
    "EvaluationFigures",
    "Figures",
    "GateDecision",
    "GateVerdict",
    "LeftOutPairs",
    "Outcome",
    "Record",
    "RefitCheck",
    "ShardFigures",
    "SliceFigures",
    "stats_of",
]

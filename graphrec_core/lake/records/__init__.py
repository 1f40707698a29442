"""Frozen models of what manifests and releases say: figures and decisions."""

from graphrec_core.lake.records.check import CheckFigures
from graphrec_core.lake.records.choice import (
    ChoiceFigures,
    ChosenBy,
    ContenderFigures,
    ContestFigures,
)
from graphrec_core.lake.records.decision import ALL, GateDecision, GateVerdict, Outcome
from graphrec_core.lake.records.digest import Digests, TableDigest
from graphrec_core.lake.records.direction import Better
from graphrec_core.lake.records.embedding import EmbeddingFigures
from graphrec_core.lake.records.evaluation import EvaluationFigures, SliceFigures
from graphrec_core.lake.records.figures import Figures, Record, figures_of
from graphrec_core.lake.records.left_out import LeftOutPairs
from graphrec_core.lake.records.mistakes import mistakes
from graphrec_core.lake.records.model import Audited, ModelFigures
from graphrec_core.lake.records.origin import VectorOrigin
from graphrec_core.lake.records.ranker import ChanceBin, RankerFigures
from graphrec_core.lake.records.refit import RefitCheck
from graphrec_core.lake.records.region import HoldoutFigures, RegionFigures, ViewFigures
from graphrec_core.lake.records.score import ScoredRegion, ScoreFigures
from graphrec_core.lake.records.shard import ShardFigures, ShardSource
from graphrec_core.lake.records.snapshot import GraphSchema, LeftOut, SnapshotFigures
from graphrec_core.lake.records.validation import TableFigures, ValidationFigures
from graphrec_core.lake.records.window import PairCounts, WindowFigures

__all__ = [
    "ALL",
    "Audited",
    "Better",
    "ChanceBin",
    "CheckFigures",
    "ChoiceFigures",
    "ChosenBy",
    "ContenderFigures",
    "ContestFigures",
    "Digests",
    "EmbeddingFigures",
    "EvaluationFigures",
    "Figures",
    "GateDecision",
    "GateVerdict",
    "GraphSchema",
    "HoldoutFigures",
    "LeftOut",
    "LeftOutPairs",
    "ModelFigures",
    "Outcome",
    "PairCounts",
    "RankerFigures",
    "Record",
    "RefitCheck",
    "RegionFigures",
    "ScoreFigures",
    "ScoredRegion",
    "ShardFigures",
    "ShardSource",
    "SliceFigures",
    "SnapshotFigures",
    "TableDigest",
    "TableFigures",
    "ValidationFigures",
    "VectorOrigin",
    "ViewFigures",
    "WindowFigures",
    "figures_of",
    "mistakes",
]

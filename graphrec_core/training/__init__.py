"""The trainer of the encoders, in parts: objectives, batches, step and loop."""

from graphrec_core.lake.records import Audited
from graphrec_core.training.loop import Look, Training
from graphrec_core.training.losses import bpr, sampled_softmax
from graphrec_core.training.supervision import SupervisionAudit
from graphrec_core.training.trainer import TooLittlePast, Trainer, fit_encoder, train_for

__all__ = [
    "Audited",
    "Look",
    "SupervisionAudit",
    "TooLittlePast",
    "Trainer",
    "Training",
    "bpr",
    "fit_encoder",
    "sampled_softmax",
    "train_for",
]

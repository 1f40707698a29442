"""Losses, negatives and the trainer of the encoders."""

from graphrec_core.training.losses import bpr, sampled_softmax
from graphrec_core.training.supervision import Audited, SupervisionAudit
from graphrec_core.training.trainer import Look, Training, train_encoder, train_for

__all__ = [
    "Audited",
    "Look",
    "SupervisionAudit",
    "Training",
    "bpr",
    "sampled_softmax",
    "train_encoder",
    "train_for",
]

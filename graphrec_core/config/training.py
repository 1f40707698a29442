"""How a model is trained."""

from typing import Literal

from pydantic import Field

from graphrec_core.config.base import Section

LossName = Literal["bpr", "sampled_softmax"]


class TrainingConfig(Section):
    """Loss, optimiser, stopping rule and reproducibility."""

    loss: LossName = Field("bpr", description="Ranking loss: bpr | sampled_softmax.")
    num_epochs: int = Field(
        60, ge=0, le=100_000, description="Most passes over the positives; 0: untrained."
    )
    batch_size: int = Field(8192, gt=0, description="Positives per step.")
    learning_rate: float = Field(0.03, gt=0, le=1000, description="Adam's step size.")
    l2: float = Field(
        1e-3, ge=0, description="Weight of the squared norm of a batch's input embeddings."
    )
    num_negatives: int = Field(
        128,
        gt=0,
        le=1_000_000,
        description="Negatives per region and batch (sampled_softmax); bpr uses one.",
    )
    temperature: float = Field(
        0.2, gt=0, description="Divides the cosine scores of sampled_softmax."
    )
    eval_every: int = Field(2, gt=0, description="Epochs between two looks at the fit holdout.")
    patience: int = Field(5, gt=0, description="Looks without progress before training stops.")
    min_queries: int = Field(
        30,
        gt=0,
        description="Judged queries of the fit holdout below which fixed_epochs are run instead.",
    )
    fixed_epochs: int = Field(
        20,
        gt=0,
        le=100_000,
        description="Passes where the past is too short to find their number; at most num_epochs.",
    )
    refit: bool = Field(
        True,
        description="Train again on the serve view, for the same number of epochs; what serves "
        "would know nothing of the last horizon otherwise.",
    )
    seed: int = Field(0, ge=0, description="Seed of every random choice.")
    num_threads: int = Field(
        1, gt=0, le=1024, description="CPU threads; part of what fixes the bytes."
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="auto: the GPU where there is one."
    )

"""The ids of a day's artefacts, derived from the configuration alone: nothing looks for "latest".

snapshot ─► verdict
snapshot ─► model(region) ─► embedding(view, region) ─► evaluation, shard

The models of earlier releases that an evaluation compares with are inputs too. What a stored
release of the day was judged against stays its input, whatever was published or backfilled
since: a decision that exists is replayed.

A day whose changed history was accepted has a revision, whose number is the snapshot's input.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.lake.identity import artifact_id
from graphrec_core.lake.lake import Lake
from graphrec_core.lake.manifest import Manifest
from graphrec_core.ledger.past import Past
from graphrec_core.ledger.revisions import newest_revision
from graphrec_core.types import ALL_REGIONS, ArtifactId, Region, View


@dataclass(frozen=True)
class Chain:
    """Ids and folders of one day's artefacts.

    Attributes:
        config: The pipeline.
        as_of: The day.
        fixed_revision: The revision of the day's snapshot; None: the newest of the lake, looked
            up once, so that one chain speaks of one revision.
    """

    config: PipelineConfig
    as_of: datetime
    fixed_revision: int | None = None

    @cached_property
    def revision(self) -> int:
        """Number of the revision of the day's snapshot; 0: its history was never changed."""
        if self.fixed_revision is not None:
            return self.fixed_revision
        return newest_revision(Lake(self.config), self.as_of, self.first_snapshot_id())

    def at_revision(self, number: int) -> "Chain":
        """Returns the same day's chain with another revision."""
        return replace(self, fixed_revision=number)

    def of_snapshot(self, snapshot: Manifest) -> "Chain":
        """Returns the same day's chain with the revision that ``snapshot`` is."""
        return self.at_revision(int(snapshot.inputs.get("revision", "0")))

    def first_snapshot_id(self) -> ArtifactId:
        """Id of the day's first snapshot, before any revision."""
        return artifact_id(StepName.SNAPSHOT, self.config, self.as_of, ALL_REGIONS, {})

    def snapshot_inputs(self) -> dict[str, str]:
        """Inputs of the day's snapshot: none, or the number of its revision."""
        return {"revision": str(self.revision)} if self.revision else {}

    def snapshot_id(self) -> ArtifactId:
        """Id of the day's snapshot, in its newest revision unless another is fixed."""
        inputs = self.snapshot_inputs()
        return artifact_id(StepName.SNAPSHOT, self.config, self.as_of, ALL_REGIONS, inputs)

    def verdict_id(self) -> ArtifactId:
        """Id of what the suites say of the snapshot.

        The days it is compared with are no part of it: they are found once and stored in it.
        """
        inputs = {"snapshot": self.snapshot_id()}
        return artifact_id(StepName.CHECK, self.config, self.as_of, ALL_REGIONS, inputs)

    def model_id(self, region: Region) -> ArtifactId:
        """Id of the model that serves ``region``."""
        inputs = {"snapshot": self.snapshot_id()}
        scope = self.config.model_region(region)
        return artifact_id(StepName.TRAIN, self.config, self.as_of, scope, inputs)

    def embedding_id(self, region: Region, view: View) -> ArtifactId:
        """Id of the vectors of one view."""
        inputs = {
            "snapshot": self.snapshot_id(),
            "model": self.model_id(region),
            "view": str(view),
        }
        scope = self.config.model_region(region)
        return artifact_id(StepName.EMBED, self.config, self.as_of, scope, inputs)

    def evaluation_inputs(self, past: Past, region: Region) -> dict[str, str]:
        """Inputs of a region's evaluation, the models of earlier releases by name included.

        Where a release of this day was judged with this configuration, these are its inputs.
        """
        shard_id = self.shard_id(region)
        for entry in past.decisions(self.as_of, self.snapshot_id(), region):
            inputs = self._judged_against(region, entry.references)
            is_own = entry.evaluation_id == self.evaluation_id_of(region, inputs)
            if is_own and entry.candidate_shard_id == shard_id:
                return inputs
        memory_days, own = self.config.gate.memory_days, self.model_id(region)
        references = past.references(region, self.as_of, memory_days, own)
        return self._judged_against(region, references)

    def evaluation_id(self, past: Past, region: Region) -> ArtifactId:
        """Id of a region's evaluation."""
        return self.evaluation_id_of(region, self.evaluation_inputs(past, region))

    def evaluation_id_of(self, region: Region, inputs: Mapping[str, str]) -> ArtifactId:
        """Id of a region's evaluation with these inputs."""
        return artifact_id(StepName.EVALUATE, self.config, self.as_of, region, inputs)

    def _judged_against(
        self, region: Region, references: Mapping[str, ArtifactId]
    ) -> dict[str, str]:
        return {
            "snapshot": self.snapshot_id(),
            "embedding": self.embedding_id(region, View.TRAIN),
            **references,
        }

    def shard_inputs(self, region: Region) -> dict[str, str]:
        """Inputs of a region's shard."""
        return {
            "snapshot": self.snapshot_id(),
            "embedding": self.embedding_id(region, View.SERVE),
        }

    def shard_id(self, region: Region) -> ArtifactId:
        """Id of a region's shard."""
        inputs = self.shard_inputs(region)
        return artifact_id(StepName.SHARD, self.config, self.as_of, region, inputs)

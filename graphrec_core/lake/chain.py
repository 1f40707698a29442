"""The ids of a day's artefacts, derived from the configuration alone: nothing looks for "latest".

snapshot ─► verdict
snapshot ─► model(region) ─► embedding(view, region) ─► evaluation, shard

An evaluation has one more input, the champion's model; what a stored release of the day was
judged against stays its input, whatever was backfilled since: a decision that exists is replayed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.lake.identity import artifact_id
from graphrec_core.lake.past import Past
from graphrec_core.types import ALL_REGIONS, ArtifactId, Region, View


@dataclass(frozen=True)
class Chain:
    """Ids and folders of one day's artefacts."""

    config: PipelineConfig
    as_of: datetime

    def snapshot_id(self) -> ArtifactId:
        """Id of the day's snapshot."""
        return artifact_id(StepName.SNAPSHOT, self.config, self.as_of, ALL_REGIONS, {})

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
        """Inputs of a region's evaluation; where there is one, the champion's model is another.

        Where a release of this day was judged with this configuration, these are its inputs.
        """
        shard_id = self.shard_id(region)
        for entry in past.decisions(self.as_of, self.snapshot_id(), region):
            inputs = self._judged_against(region, entry.champion_model_id)
            is_own = entry.evaluation_id == self.evaluation_id_of(region, inputs)
            if is_own and entry.candidate_shard_id == shard_id:
                return inputs
        champion = past.champion(region, self.as_of)
        return self._judged_against(region, champion.model_id if champion else None)

    def evaluation_id(self, past: Past, region: Region) -> ArtifactId:
        """Id of a region's evaluation."""
        return self.evaluation_id_of(region, self.evaluation_inputs(past, region))

    def evaluation_id_of(self, region: Region, inputs: Mapping[str, str]) -> ArtifactId:
        """Id of a region's evaluation with these inputs."""
        return artifact_id(StepName.EVALUATE, self.config, self.as_of, region, inputs)

    def _judged_against(self, region: Region, champion: ArtifactId | None) -> dict[str, str]:
        inputs: dict[str, str] = {
            "snapshot": self.snapshot_id(),
            "embedding": self.embedding_id(region, View.TRAIN),
        }
        return {**inputs, "champion": champion} if champion else inputs

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

"""The ids of a day's artefacts, derived from the configuration alone: nothing looks for "latest".

snapshot ─► model(region) ─► embedding(view, region) ─► evaluation, shard
"""

from dataclasses import dataclass
from datetime import datetime

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.lake.identity import artifact_id
from graphrec_core.lake.lake import Lake
from graphrec_core.lake.release import champion, list_releases, read_live
from graphrec_core.types import ALL_REGIONS, ArtifactId, Region, View


@dataclass(frozen=True)
class Chain:
    """Ids and folders of one day's artefacts."""

    config: PipelineConfig
    as_of: datetime

    def snapshot_id(self) -> ArtifactId:
        """Id of the day's snapshot."""
        return artifact_id(StepName.SNAPSHOT, self.config, self.as_of, ALL_REGIONS, {})

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

    def evaluation_inputs(self, lake: Lake, region: Region) -> dict[str, str]:
        """Inputs of a region's evaluation; the champion is one of them where there is one."""
        inputs: dict[str, str] = {
            "snapshot": self.snapshot_id(),
            "embedding": self.embedding_id(region, View.TRAIN),
        }
        found = champion(list_releases(lake), read_live(lake).withdrawn, region, self.as_of)
        if found is not None:
            inputs["champion"] = found[0].id
        return inputs

    def evaluation_id(self, lake: Lake, region: Region) -> ArtifactId:
        """Id of a region's evaluation."""
        inputs = self.evaluation_inputs(lake, region)
        return artifact_id(StepName.EVALUATE, self.config, self.as_of, region, inputs)

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

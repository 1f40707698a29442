"""What a holdout is judged with: vectors and lists of the train view, whatever they are called."""

import pyarrow as pa

from graphrec_core.config.model import EncoderConfig, ModelConfig
from graphrec_core.config.task import TaskConfig
from graphrec_core.errors import LeakageError
from graphrec_core.judging.embedded import embedded_lists, embedded_vectors
from graphrec_core.lake import Artifact
from graphrec_core.lake.records import EmbeddingFigures, VectorOrigin
from graphrec_core.retrieval.sources import CandidateSource, vector_source
from graphrec_core.types import Region, View


class TrainEmbedding:
    """An embedding whose manifest and files say that it may be evaluated.

    Args:
        embedding: A committed embedding.
        snapshot: The snapshot whose holdout it is judged on.
        model: Id of the model to judge, or the name of a scorer.
        region: The region to judge.

    Raises:
        LeakageError: The manifest names another snapshot, view or model, or weights trained on
            another view, or files that are not of the train view.
    """

    def __init__(
        self, embedding: Artifact, snapshot: Artifact, model: str, region: Region
    ) -> None:
        self._embedding, self._region = embedding, region
        manifest = embedding.manifest
        self._name = f"embedding {manifest.id} of {manifest.as_of}, region {region}"
        expected = VectorOrigin(snapshot.manifest.id, View.TRAIN, model)
        made_from = manifest.figures(EmbeddingFigures).origin
        for declared in (VectorOrigin.of({**made_from.to_json(), **manifest.inputs}), made_from):
            expected.require(declared, f"the manifest of {self._name}")
        prefix = f"view={View.TRAIN}/"
        for file in manifest.files:
            if not file.startswith(prefix):
                raise self._leak(f"file {file}", f"read files below {prefix} only")

    def source(
        self, settings: ModelConfig, task: TaskConfig, query_ids: pa.Array, candidate_ids: pa.Array
    ) -> CandidateSource:
        """Opens what it holds as a source: vectors are searched exactly.

        Args:
            settings: Those of the source.
            task: The task.
            query_ids: The queries that are going to be asked.
            candidate_ids: The candidates.

        Raises:
            LakeError: A file's bytes are not those that the manifest vouches for, or a vector is
                not finite.
        """
        at = self._embedding, View.TRAIN, self._region
        if not isinstance(settings, EncoderConfig):
            return embedded_lists(*at, query_ids, candidate_ids)
        return vector_source(
            embedded_vectors(*at, task.query, query_ids),
            embedded_vectors(*at, task.candidate, candidate_ids),
        )

    def _leak(self, found: str, must: str) -> LeakageError:
        return LeakageError(
            must=f"Evaluation must {must}: those of the serve view have seen the holdout.",
            found=f"{self._name}: {found}",
            fix="Remove the artefact and run generate-embeddings --view train again.",
        )

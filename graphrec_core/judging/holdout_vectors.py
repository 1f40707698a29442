"""The vectors that a holdout is judged with: of the train view, whatever they are called."""

import numpy as np
import pyarrow as pa

from graphrec_core.axes.rows import vectors_along
from graphrec_core.errors import LeakageError
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import vectors_file
from graphrec_core.lake.records import EmbeddingFigures, VectorOrigin
from graphrec_core.types import ArtifactId, Region, View


class TrainVectors:
    """An embedding whose manifest and files say that it may be evaluated.

    Args:
        embedding: A committed embedding.
        snapshot: The snapshot whose holdout it is judged on.
        model: Id of the model to judge.
        region: The region to judge.

    Raises:
        LeakageError: The manifest names another snapshot, view or model, or weights trained on
            another view, or files that are not of the train view.
    """

    def __init__(
        self, embedding: Artifact, snapshot: Artifact, model: ArtifactId, region: Region
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

    def along(self, ntype: str, axis: pa.Array) -> np.ndarray:
        """Reads vectors along an axis, float32 [num_ids, d].

        Raises:
            LakeError: The file's bytes are not those that the manifest vouches for.
        """
        file = vectors_file(View.TRAIN, self._region, ntype)
        return vectors_along(self._embedding.read_table(file), axis)

    def _leak(self, found: str, must: str) -> LeakageError:
        return LeakageError(
            must=f"Evaluation must {must}: serve-view vectors have seen the holdout.",
            found=f"{self._name}: {found}",
            fix="Remove the artefact and run generate-embeddings --view train again.",
        )

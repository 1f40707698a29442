"""A trained model as files, and back: everything needed without the pipeline's YAML.

weights.safetensors          the encoder, trained on the train view
ids/<ntype>.parquet          node_id, row: which node owns which trained row
weights_fit.safetensors      the encoder that found the number of epochs on the fit view, where the
                             past is long enough
ids_fit/<ntype>.parquet      its rows
weights_refit.safetensors    the encoder refitted on the serve view, if `training.refit`
ids_refit/<ntype>.parquet    its rows
config.json                  model, task, training, node types, edge types, features (of the fit
                             view, too), and the versions of graphrec and of the steps that made it
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import safetensors.torch
import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from graphrec_core.config import STEPS, PipelineConfig, StepName
from graphrec_core.config.model import EncoderConfig, ModelConfig
from graphrec_core.config.recommenders import AnyModel
from graphrec_core.errors import LakeError
from graphrec_core.graph import FeatureEncoder, RegionGraph
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.records import mistakes
from graphrec_core.models.encoder import Encoder, EncoderInputs
from graphrec_core.models.registry import build_encoder, reads_features
from graphrec_core.types import View

SETTINGS = "config.json"
TRAINED_ON = "trained_on"
_SUFFIXES = {View.FIT: "_fit", View.TRAIN: "", View.SERVE: "_refit"}
"""The view that weights were trained on -> how the names of their files end."""


@dataclass(frozen=True)
class LoadedModel:
    """A model ready to encode any graph with the same node types and features.

    Attributes:
        encoder: With its trained weights, on the CPU.
        features: As fitted on the train view, or on the fit view for the weights of that.
        rows: ntype -> table (node_id, row).
        num_threads: CPU threads that training used.
        device: The configured device: auto, cpu or cuda.
        trained_on: The view that the weights' own file says they were trained on.
    """

    encoder: Encoder
    features: FeatureEncoder
    rows: Mapping[str, pa.Table]
    num_threads: int
    device: str
    trained_on: str

    def inputs_of(self, graph: RegionGraph, device: torch.device) -> EncoderInputs:
        """Prepares a graph for the encoder.

        Raises:
            LakeError: The graph has node types or lacks features that the model needs.
        """
        # A model that reads none goes on where a feature column has gone.
        features = self.features.encode(graph) if self.encoder.reads_features else {}
        return EncoderInputs(
            messages=graph.messages(),
            rows_N=self._rows_of(graph).to(device),
            features={ntype: value.to(device) for ntype, value in features.items()},
            slices={ntype: graph.slice_of(ntype) for ntype in graph.ntypes},
            device=device,
            edge_weights={etype: edges.weight for etype, edges in graph.edges.items()},
            edge_features=self.features.encode_edges(graph),
        )

    def _rows_of(self, graph: RegionGraph) -> Tensor:
        """int64 [num_nodes]: the trained row of each node, -1 where it has none."""
        return torch.cat(
            [find_rows(self.rows[ntype], graph.node_ids(ntype)) for ntype in graph.ntypes]
        )


def find_rows(rows: pa.Table, node_ids: pa.ChunkedArray) -> Tensor:
    """Looks up trained rows.

    Args:
        rows: Table (node_id, row).
        node_ids: Original ids.

    Returns:
        int64 [len(node_ids)]; -1 for an id without a row.
    """
    place = pc.index_in(node_ids, value_set=rows.column("node_id"))
    row = rows.column("row").take(place).fill_null(-1)
    return torch.tensor(row.to_numpy(), dtype=torch.int64)


def write_weights(trial: Attempt, encoder: Encoder, graph: RegionGraph, view: View) -> None:
    """Writes an encoder's weights and the ids that own its rows.

    Args:
        trial: The attempt to write into.
        encoder: A trained encoder.
        graph: The graph it was trained on.
        view: The view that this is.
    """
    weights = {
        key: value.detach().cpu().contiguous() for key, value in encoder.state_dict().items()
    }
    trial.write(_weights_file(view), safetensors.torch.save(weights, {TRAINED_ON: str(view)}))
    for ntype in graph.ntypes:
        where = graph.slice_of(ntype)
        rows = pa.array(range(where.start, where.stop), pa.int64())
        table = pa.table({"node_id": graph.node_ids(ntype), "row": rows})
        trial.write_table(_ids_file(ntype, view), table)


def write_settings(
    trial: Attempt,
    config: PipelineConfig,
    model: EncoderConfig,
    graph: RegionGraph,
    features: FeatureEncoder,
    fit_features: FeatureEncoder | None = None,
) -> None:
    """Writes the settings that rebuild the encoders.

    Args:
        trial: The attempt to write into.
        config: The pipeline.
        model: The encoder's settings.
        graph: The train view.
        features: As fitted on it.
        fit_features: As fitted on the fit view; None: there are no weights of it.
    """
    fitted = {} if fit_features is None else {_features_key(View.FIT): fit_features.to_json()}
    trial.write_json(
        SETTINGS,
        {
            "model": model.own_settings(),
            "task": config.task.model_dump(mode="json"),
            "training": config.training.model_dump(mode="json"),
            "ntypes": list(graph.ntypes),
            "etypes": {etype: list(config.endpoints(etype)) for etype in sorted(graph.edges)},
            _features_key(View.TRAIN): features.to_json(),
            **fitted,
            "versions": made_by(),
        },
    )


def made_by() -> dict[str, str]:
    """Names what makes and applies models now: the versions of graphrec and of two steps."""
    steps = {str(step): str(STEPS[step].version) for step in (StepName.TRAIN, StepName.EMBED)}
    return {"graphrec": version("graphrec"), **steps}


def require_appliable(model: Artifact) -> None:
    """Checks that today's code means by a model's files what the code that wrote them did.

    Raises:
        LakeError: Vectors are made in another way since, so they would be those of another model.
    """
    found = model.read_json(SETTINGS).get("versions", {})
    if found.get(StepName.EMBED) != made_by()[StepName.EMBED]:
        raise LakeError(
            must=f"Model {model.manifest.id} must have been made for {StepName.EMBED} version "
            f"{made_by()[StepName.EMBED]}.",
            found=f"made by graphrec {found.get('graphrec', 'of before versions were kept')} for "
            f"{StepName.EMBED} version {found.get(StepName.EMBED, 'unknown')}",
            fix="A person decides once: publish-release with publish.mode=force makes the new "
            "model the measure.",
        )


def load_model(model: Artifact, trained_on: View = View.TRAIN) -> LoadedModel:
    """Loads a trained model.

    Args:
        model: A committed model.
        trained_on: Load the weights that were trained on this view.

    Raises:
        LakeError: The weights do not fit the settings beside them, or these are of another
            version.
    """
    settings: dict[str, Any] = model.read_json(SETTINGS)
    model_config = _model_config(model, settings)
    # What a model does not read may be gone, or written by another version.
    described = settings[_features_key(trained_on)] if reads_features(model_config) else {}
    features = FeatureEncoder.from_json(described)
    rows = {ntype: model.read_table(_ids_file(ntype, trained_on)) for ntype in settings["ntypes"]}
    encoder = build_encoder(
        model_config,
        sum(table.num_rows for table in rows.values()),
        {ntype: features.width(ntype) for ntype in features.columns},
        features.edge_width,
    )
    weights = model.read(_weights_file(trained_on))
    try:
        encoder.load_state_dict(safetensors.torch.load(weights))
    except RuntimeError as error:
        raise LakeError(
            must=f"The weights of model {model.manifest.id} must fit its {SETTINGS}.",
            found=str(error),
            fix="Train the model again; it was written by another version of graphrec.",
        ) from error
    training = settings["training"]
    threads, device = training["num_threads"], training["device"]
    return LoadedModel(encoder, features, rows, threads, device, _trained_on(weights))


def _trained_on(weights: bytes) -> str:
    """Reads the view from a safetensors file: 8 bytes of length, then a JSON header."""
    length = int.from_bytes(weights[:8], "little")
    metadata = json.loads(weights[8 : 8 + length]).get("__metadata__", {})
    return str(metadata.get(TRAINED_ON, "unknown"))


def _model_config(model: Artifact, settings: Mapping[str, Any]) -> EncoderConfig:
    described = dict(settings["model"])
    if "name" in described:  # as an older version wrote it
        described["model"] = described.pop("name")
    try:
        config: ModelConfig = TypeAdapter(AnyModel).validate_python(described)
    except ValidationError as error:
        raise LakeError(
            must=f"The {SETTINGS} of model {model.manifest.id} must name settings of today.",
            found=mistakes(error),
            fix="Train the model again; it was written by another version of graphrec.",
        ) from error
    if not isinstance(config, EncoderConfig):
        raise LakeError(
            must=f"The {SETTINGS} of model {model.manifest.id} must be those of an encoder.",
            found=config.model,
            fix="Remove this model and train it again.",
        )
    return config


def has_weights(model: Artifact, trained_on: View) -> bool:
    """Tells whether a model holds weights that were trained on a view."""
    return model.has(_weights_file(trained_on))


def _weights_file(view: View) -> str:
    return f"weights{_SUFFIXES[view]}.safetensors"


def _ids_file(ntype: str, view: View) -> str:
    return f"ids{_SUFFIXES[view]}/{ntype}.parquet"


def _features_key(view: View) -> str:
    """Weights refitted on the serve view encode features as those of the train view do."""
    return "features_fit" if view is View.FIT else "features"

"""The embeddings in two dimensions, region by region, by principal component analysis."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from graphrec_core.axes.rows import vector_matrix
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import vectors_file
from graphrec_core.report.figures import SEQUENCE, Picture, as_png, bare, drawing, short
from graphrec_core.types import Region, View

MAX_POINTS = 1500
NUM_COLUMNS = 4

Floats = npt.NDArray[np.float64]


def principal_components(points: Floats) -> Floats:
    """Projects points on their two main axes (Pearson 1901), by a singular value decomposition.

    The sign of an axis is free; it is fixed so that the largest weight is positive.

    Args:
        points: Shape [n, d].

    Returns:
        Shape [n, 2]; zeros where the points have fewer dimensions.
    """
    centred = points - points.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2]
    largest = np.abs(axes).argmax(axis=1)
    signs = np.sign(axes[np.arange(len(axes)), largest])
    projected = np.zeros((len(points), 2))
    projected[:, : len(axes)] = centred @ (axes * np.where(signs == 0, 1, signs)[:, None]).T
    return projected


def every_nth(num: int, most: int) -> npt.NDArray[np.int64]:
    """Chooses at most ``most`` of ``num`` positions, evenly spread and always the same."""
    if num <= most:
        return np.arange(num)
    return np.linspace(0, num - 1, most).astype(np.int64)


def read_sample(artifact: Artifact, region: Region, ntypes: Sequence[str]) -> dict[str, Floats]:
    """Reads a sample of a region's serve-view vectors by node type; absent types are left out."""
    sample = {}
    for ntype in dict.fromkeys(ntypes):
        name = vectors_file(View.SERVE, region, ntype)
        if artifact.has(name):
            vectors = artifact.read_table(name, columns=["vector"])["vector"]
            rows = every_nth(len(vectors), MAX_POINTS)
            sample[ntype] = vector_matrix(vectors)[rows].astype(np.float64)
    return sample


def plot_embeddings(samples: Mapping[str, Mapping[str, Floats]]) -> Picture | None:
    """Draws a panel per region and encoder, a colour per node type.

    Args:
        samples: Title of the panel -> node type -> vectors, shape [n, d].
    """
    filled = {
        region: kept
        for region, parts in samples.items()
        if (kept := {ntype: part for ntype, part in parts.items() if len(part)})
    }
    if not filled:
        return None
    num_columns = min(NUM_COLUMNS, len(filled))
    num_rows = -(-len(filled) // num_columns)
    with drawing(2.4 * num_columns + 0.4, 2.4 * num_rows + 0.5) as figure:
        panels = figure.subplots(num_rows, num_columns, squeeze=False)
        for axes in panels.flat:
            bare(axes)
        ntypes = sorted({ntype for parts in filled.values() for ntype in parts})
        for axes, (region, parts) in zip(panels.flat, filled.items(), strict=False):
            flat = principal_components(np.concatenate(list(parts.values())))
            bounds = np.cumsum([len(part) for part in parts.values()])[:-1]
            for ntype, part in zip(parts, np.split(flat, bounds), strict=True):
                colour = SEQUENCE[ntypes.index(ntype) % len(SEQUENCE)]
                axes.scatter(*part.T, s=9, color=colour, alpha=0.5, linewidths=0, label=ntype)
            axes.set_title(short(region))
            zoom(axes, flat)
        handles, labels = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=4, markerscale=2)
        return as_png(figure, "Embeddings of the serve view on their two main axes, by region")


def zoom(axes: Axes, points: Floats) -> None:
    """Leaves the outermost 1 % of each axis outside, where a few points would set the scale."""
    (left, bottom), (right, top) = np.quantile(points, [0.005, 0.995], axis=0)
    if left < right and bottom < top:
        axes.set_xlim(left, right)
        axes.set_ylim(bottom, top)

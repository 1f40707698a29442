"""Approximate nearest neighbours by inner product: build, search, serialise, measure."""

from collections.abc import Callable

import faiss
import numpy as np

from graphrec_core.config.index import IndexConfig
from graphrec_core.errors import ConfigError, LakeError

Index = faiss.Index
"""A built index."""
MAX_FLAT = 50_000
"""Most candidates for which `auto` searches exactly."""

Search = Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]
"""(vectors [B, d], k) -> candidate rows [B, k] (-1: none) and scores [B, k], best first."""


faiss.cvar.distance_compute_blas_threshold = 2**31 - 1
# By BLAS, as FAISS searches for many queries at once, the last bits of a score would depend on
# which other queries are asked: an answer over HTTP would differ from what was judged.


def use_threads(num_threads: int) -> None:
    """Fixes the number of threads that FAISS may use."""
    faiss.omp_set_num_threads(num_threads)


def choose_factory(factory: str, num_candidates: int) -> str:
    """Resolves `auto` to a FAISS factory string."""
    if factory != "auto":
        return factory
    return "Flat" if num_candidates <= MAX_FLAT else "HNSW32"


def build_index(vectors: np.ndarray, config: IndexConfig) -> Index:
    """Builds an inner-product index over candidate vectors [C, d], in row order.

    Raises:
        LakeError: A vector is not finite (FAISS would drop it silently).
        ConfigError: FAISS cannot build what ``index.factory`` asks for.
    """
    require_finite(vectors, "candidate")
    factory = choose_factory(config.factory, len(vectors))
    data = np.ascontiguousarray(vectors, dtype=np.float32)
    try:
        index = faiss.index_factory(data.shape[1], factory, faiss.METRIC_INNER_PRODUCT)
        if not index.is_trained:
            index.train(data)
        index.add(data)
    except RuntimeError as error:
        raise ConfigError(
            must="index.factory must be buildable over the candidates by inner product.",
            found=f"{factory!r} over {len(data)} vectors of length {data.shape[1]}: {error}",
            fix="Use auto, or a FAISS factory string that fits this many vectors.",
        ) from error
    _set_breadth(index, config)
    return index


def exact_index(vectors: np.ndarray) -> Index:
    """Builds an index that compares with every candidate [C, d].

    Raises:
        LakeError: A vector is not finite.
    """
    return build_index(vectors, IndexConfig(factory="Flat"))


def require_finite(vectors: np.ndarray, what: str) -> None:
    """Checks that all vectors are finite.

    Raises:
        LakeError: Some are not.
    """
    bad = int((~np.isfinite(vectors).all(axis=1)).sum())
    if bad:
        raise LakeError(
            must=f"Every {what} vector must be finite.",
            found=f"{bad} of {len(vectors)} are not",
            fix="Train again with a lower training.learning_rate.",
        )


def search_of(index: Index) -> Search:
    """Returns the index's search function."""

    def search(vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        data = np.ascontiguousarray(vectors, dtype=np.float32)
        if index.ntotal == 0:
            return np.empty((len(data), 0), np.int64), np.empty((len(data), 0), np.float32)
        scores, rows = index.search(data, min(k, index.ntotal))
        return rows.astype(np.int64), scores

    return search


def to_bytes(index: Index) -> bytes:
    """Serialises an index."""
    return bytes(faiss.serialize_index(index).tobytes())


def from_bytes(data: bytes) -> Index:
    """Reads a serialised index.

    Raises:
        LakeError: The bytes are not an index.
    """
    try:
        return faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
    except RuntimeError as error:
        raise LakeError(
            must="A shard's index.faiss must be a serialised FAISS index.",
            found=str(error).splitlines()[0],
            fix="Remove the shard and build it again.",
        ) from error


def recall_against_exact(
    search: Search, queries: np.ndarray, candidates: np.ndarray, k: int, block_size: int = 256
) -> float:
    """Measures recall@k of ``search`` against exact search.

    A candidate found counts when its true score reaches the k-th best one, so that ties
    are no misses.

    Args:
        search: The index's search function.
        queries: float32 [Q, d], Q > 0.
        candidates: float32 [C, d], C > 0.
        k: Depth; at most C counts.
        block_size: Queries scored at a time.

    Returns:
        Mean share in [0, 1].
    """
    depth, num_found = min(k, len(candidates)), 0
    for start in range(0, len(queries), block_size):
        block = queries[start : start + block_size]
        exact = block @ candidates.T
        worst = -np.partition(-exact, depth - 1, axis=1)[:, depth - 1 : depth]
        rows, _ = search(block, depth)
        scores = np.take_along_axis(exact, np.maximum(rows, 0), axis=1)
        slack = 1e-6 * np.maximum(1, np.abs(worst))
        num_found += int(((rows >= 0) & (scores >= worst - slack)).sum())
    return num_found / (len(queries) * depth)


def _set_breadth(index: Index, config: IndexConfig) -> None:
    if isinstance(index, faiss.IndexHNSW):
        index.hnsw.efSearch = config.ef_search
    ivf = faiss.try_extract_index_ivf(index)
    if ivf is not None:
        ivf.nprobe = config.nprobe

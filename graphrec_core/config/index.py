"""The index of a shard."""

from pydantic import Field

from graphrec_core.config.base import Section


class IndexConfig(Section):
    """The FAISS index of a shard."""

    factory: str = Field(
        "auto",
        description="FAISS factory string; auto: Flat up to 50,000 candidates, else HNSW32.",
    )
    ef_search: int = Field(128, gt=0, description="HNSW: breadth of a search.")
    nprobe: int = Field(16, gt=0, description="IVF: lists visited by a search.")
    recall_k: int = Field(20, gt=0, le=1000, description="Depth at which recall is measured.")
    num_recall_queries: int = Field(1000, gt=0, description="Queries in the recall check.")
    num_threads: int = Field(
        1,
        gt=0,
        le=1024,
        description="CPU threads of building and searching; with more than one the links of an "
        "HNSW index may differ by run.",
    )

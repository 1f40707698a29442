"""One pipeline's lake: storage and layout together."""

from functools import cached_property

from graphrec_core.config import PipelineConfig
from graphrec_core.lake.layout import Layout
from graphrec_core.lake.storage import Storage


class Lake:
    """Where one pipeline keeps its artefacts.

    Args:
        config: Its ``lake.root`` and ``pipeline`` say where.
    """

    def __init__(self, config: PipelineConfig) -> None:
        self.config = config
        self.layout = Layout(config.pipeline)

    @cached_property
    def storage(self) -> Storage:
        """The storage behind ``lake.root``."""
        return Storage(self.config.lake.root)

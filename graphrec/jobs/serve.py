"""Answers recommendations over HTTP, on this machine only."""

import uvicorn

from graphrec_core.config import PipelineConfig
from graphrec_core.lake import Lake
from graphrec_core.serving.app import create_app


def run(config: PipelineConfig, port: int = 8000) -> None:
    """Serves on 127.0.0.1 until interrupted.

    Args:
        config: The pipeline.
        port: TCP port.
    """
    uvicorn.run(create_app(Lake(config)), host="127.0.0.1", port=port, log_level="warning")

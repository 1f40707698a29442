"""The syntax trees that engines write as JSON."""

import json
from collections.abc import Iterator, Mapping
from typing import Any


def nodes_of(text: str) -> Iterator[Mapping[str, Any]]:
    """Yields every object in a JSON text."""
    open_values = [json.loads(text)]
    while open_values:
        value = open_values.pop()
        if isinstance(value, dict):
            yield value
            open_values.extend(value.values())
        elif isinstance(value, list):
            open_values.extend(value)

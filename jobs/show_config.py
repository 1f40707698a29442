"""show-config: the resolved configuration as YAML, every key with its meaning and its default."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from graphrec_core.config import PipelineConfig
from graphrec_core.config.hidden import without_secrets
from graphrec_core.selects.selects import check_selects

WIDTH = 99


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as a block, as a SELECT reads best."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def run(config: PipelineConfig) -> str:
    """Writes the configuration without its secrets.

    What it writes can be loaded again and gives the same, but for passwords and keys.

    Raises:
        ConfigError: A SELECT is more than a query over the declared tables.
    """
    check_selects(config.source)
    return "\n".join(_section(without_secrets(config), 0)) + "\n"


def _section(section: BaseModel, depth: int) -> Iterator[str]:
    values = section.model_dump(mode="json")
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if depth == 0 and isinstance(value, BaseModel):
            yield ""
        yield from _comment(value, field, depth)
        yield from _entry(name, value, values[name], depth)


def _entry(name: str, value: object, plain: object, depth: int) -> Iterator[str]:
    if isinstance(value, BaseModel):
        yield _indent(f"{name}:", depth)
        yield from _section(value, depth + 1)
    elif isinstance(value, Mapping) and any(
        isinstance(item, BaseModel) for item in value.values()
    ):
        yield _indent(f"{name}:", depth)
        for key, item in value.items():
            yield from _entry(key, item, None, depth + 1)
    else:
        yield _indent(_dump({name: plain}), depth)


def _comment(value: object, field: FieldInfo, depth: int) -> Iterator[str]:
    text = field.description or ""
    if isinstance(value, BaseModel):
        text = text or (type(value).__doc__ or "").partition("\n")[0]
    elif field.is_required():
        text += " (required)"
    else:
        text += f" (default: {_dump(_plain(field.default)).removesuffix('...').strip()})"
    width = WIDTH - 2 * depth - 2
    for line in textwrap.wrap(text.strip(), width, break_long_words=False):
        yield _indent(f"# {line}", depth)


def _plain(default: object) -> object:
    if isinstance(default, tuple):
        return list(default)
    return default.model_dump(mode="json") if isinstance(default, BaseModel) else default


def _dump(value: Any) -> str:  # noqa: ANN401  (anything that YAML can hold)
    flow = not isinstance(value, dict)
    text = yaml.dump(
        value,
        Dumper=_Dumper,
        default_flow_style=flow,
        sort_keys=False,
        allow_unicode=True,
        width=WIDTH,
    )
    return text.rstrip("\n")


def _indent(text: str, depth: int) -> str:
    return textwrap.indent(text, "  " * depth)

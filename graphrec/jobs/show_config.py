"""show-config: the resolved configuration as YAML, every key with its meaning and its default."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from graphrec_core.config import STEPS, PipelineConfig
from graphrec_core.config.hidden import without_secrets
from graphrec_core.config.steps import OWN_SETTINGS, QUOTAS
from graphrec_core.selects.selects import check_selects

WIDTH = 99
LEGEND = "# [steps]: those whose results depend on the key or the section."


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
    return "\n".join([LEGEND, *_section(without_secrets(config), ())]) + "\n"


def _section(section: BaseModel, path: Sequence[str]) -> Iterator[str]:
    values = section.model_dump(mode="json")
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if not path and isinstance(value, BaseModel):
            yield ""
        yield from _comment(value, field, (*path, name))
        yield from _entry(value, values[name], (*path, name))


def _entry(value: object, plain: object, path: Sequence[str]) -> Iterator[str]:
    name, depth = path[-1], len(path) - 1
    if isinstance(value, BaseModel):
        yield _indent(f"{name}:", depth)
        yield from _section(value, path)
    elif isinstance(value, Mapping) and any(
        isinstance(item, BaseModel) for item in value.values()
    ):
        yield _indent(f"{name}:", depth)
        for key, item in value.items():
            yield from _entry(item, None, (*path, key))
    else:
        yield _indent(_dump({name: plain}), depth)


def _comment(value: object, field: FieldInfo, path: Sequence[str]) -> Iterator[str]:
    text = field.description or ""
    if isinstance(value, BaseModel):
        text = text or (type(value).__doc__ or "").partition("\n")[0]
    elif field.is_required():
        text += " (required)"
    else:
        default = field.get_default(call_default_factory=True)
        text += f" (default: {_dump(_plain(default)).removesuffix('...').strip()})"
    steps = [str(step) for step, spec in STEPS.items() if _declared(path) in spec.settings]
    text += f" [{', '.join(steps)}]" if steps else ""
    depth = len(path) - 1
    width = WIDTH - 2 * depth - 2
    for line in textwrap.wrap(text.strip(), width, break_long_words=False, break_on_hyphens=False):
        yield _indent(f"# {line}", depth)


def _declared(path: Sequence[str]) -> str:
    """Returns how the table of steps names a key: a source's quota apart from its own settings."""
    if list(path) == ["recommender", "sources"]:
        return OWN_SETTINGS
    if path[:2] == ("recommender", "sources") and path[-1] == "quota":
        return QUOTAS
    return ".".join(path)


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

"""Writes docs/configuration.md from the settings' own models.

    python -m docs.make.configuration

Every row is a field of a section in ``graphrec_core/config``: its key, its description, its unit
or the values it takes, and its default.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from graphrec_core.config.base import MAX_NUMBER
from graphrec_core.config.pipeline import PipelineConfig
from graphrec_core.config.recommender import RANKERS
from graphrec_core.config.recommenders import models

PAGE = Path(__file__).parents[1] / "configuration.md"
UNITS = {"_days": "days", "_hours": "hours", "_s": "seconds", "_frac": "share"}
"""Ending of a key -> its unit."""
KINDS = {bool: "true, false", int: "whole number", float: "number", str: "text"}
INTRODUCTION = """# Configuration: every key of the YAML

This page lists every setting of a pipeline: its key, what it means, its unit or the values it
takes, and its default. Look here when you know what you want to change and not how it is called.
A pipeline is one YAML file; `configs/town.yaml` is one that spells out every key, and
[own_tables.md](own_tables.md) shows how short one can be.

`python -m docs.make.configuration` writes this page from the code, and a test compares the two.
`graphrec show-config --config FILE` prints the values that a run would use. An unknown key is an
error. `--set section.key=value` changes a setting for one run.

*required* means that there is no default. `<name>` stands for a name that you choose.
"""


@dataclass(frozen=True)
class Table:
    """One table of the page.

    Attributes:
        title: Dotted key of the section.
        about: What the section is, one sentence.
        rows: Key, meaning, unit or values, default; of each setting.
    """

    title: str
    about: str
    rows: list[tuple[str, str, str, str]]


def first_sentence(model: type[BaseModel]) -> str:
    """Returns the first line of a section's docstring."""
    return (model.__doc__ or "").strip().splitlines()[0]


def parts(annotation: Any) -> list[Any]:  # noqa: ANN401
    """Returns the types that an annotation allows, without marks and without None."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return parts(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [one for arg in get_args(annotation) for one in parts(arg)]
    return [] if annotation is type(None) else [annotation]


def limits(field: FieldInfo) -> str:
    """Returns the range of a number, such as ``0 to 1``, or nothing."""
    found = {
        mark: getattr(item, mark)
        for item in field.metadata
        for mark in ("ge", "gt", "le", "lt")
        if hasattr(item, mark)
    }
    if "gt" in found and int in parts(field.annotation):
        found["ge"] = found.pop("gt") + 1
    if found.get("le", MAX_NUMBER) >= MAX_NUMBER:
        found.pop("le", None)
    if {"ge", "le"} <= set(found):
        return f"{found['ge']:,} to {found['le']:,}"
    words = {"ge": "from", "gt": "above", "le": "at most", "lt": "below"}
    return ", ".join(f"{words[mark]} {found[mark]:,}" for mark in words if mark in found)


def kind(annotation: Any) -> str:  # noqa: ANN401
    """Returns what a value of a type is called."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in arguments if value != "")
    if origin is dict:
        return f"name: {kind_of(arguments[1])}"
    if origin in (list, tuple):
        return f"list of {kind_of(arguments[0])}"
    if isinstance(annotation, type) and issubclass(annotation, datetime):
        return "instant, UTC"
    if isinstance(annotation, type) and issubclass(annotation, date):
        return "date, UTC"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "keys of its own"
    return KINDS[annotation]


def kind_of(annotation: Any) -> str:  # noqa: ANN401
    """Returns what a value may be: one kind, or several."""
    return " or ".join(dict.fromkeys(filter(None, map(kind, parts(annotation)))))


def values(key: str, field: FieldInfo) -> str:
    """Returns a setting's unit and range, or the values it takes."""
    unit = next((unit for ending, unit in UNITS.items() if key.endswith(ending)), "")
    return ", ".join(filter(None, (unit or kind_of(field.annotation), limits(field))))


def default(field: FieldInfo) -> str:
    """Returns a setting's default as YAML has it."""
    if field.is_required():
        return "*required*"
    value = field.get_default(call_default_factory=True)
    if value is None or value == "":
        return "none"
    if isinstance(value, BaseModel):
        return "theirs"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, datetime):
        return f"`{value:%Y-%m-%d}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`" if value else "`[]`"
    return f"`{value}`"


def row(key: str, field: FieldInfo) -> tuple[str, str, str, str]:
    """Returns a setting's row."""
    return f"`{key}`", escaped(field.description or ""), values(key, field), default(field)


def escaped(text: str) -> str:
    """Returns a text as Markdown shows it in a table; what stands between backquotes is code."""
    marks = {"|": "\\|", "<": "&lt;", "*": "\\*"}
    pieces = text.split("`")
    pieces[::2] = ["".join(marks.get(letter, letter) for letter in piece) for piece in pieces[::2]]
    return "`".join(pieces)


def nested(name: str, field: FieldInfo) -> tuple[str, type[BaseModel]] | None:
    """Returns the dotted key and the model of a setting that is a section of its own."""
    for part in parts(field.annotation):
        in_mapping = get_origin(part) is dict
        for one in parts(get_args(part)[1]) if in_mapping else [part]:
            if isinstance(one, type) and issubclass(one, BaseModel):
                return (f"{name}.<name>" if in_mapping else name), one
    return None


def tables(model: type[BaseModel], title: str) -> Iterator[Table]:
    """Yields the table of a section and those of the sections in it."""
    prefix = f"{title}." if title else ""
    inner = {name: nested(prefix + name, field) for name, field in model.model_fields.items()}
    plain = [
        row(prefix + name, field)
        for name, field in model.model_fields.items()
        if inner[name] is None or field.description
    ]
    if plain:
        yield Table(title or "pipeline", first_sentence(model), plain)
    for found in filter(None, inner.values()):
        if found[0] == "recommender.sources.<name>":
            yield from chosen_by_model(found[0], [entry.settings for entry in models()])
        elif found[0] == "recommender.ranker":
            yield from chosen_by_model(found[0], RANKERS)
        elif found[0] == "recommender.challengers.<name>.ranker":
            continue  # those of recommender.ranker
        else:
            yield from tables(found[1], found[0])


def chosen_by_model(title: str, settings: Iterable[type[BaseModel]]) -> Iterator[Table]:
    """Yields a table of each recommender that a source, or ranker that a pipeline, may name."""
    for one in settings:
        rows = [row(f"{title}.{key}", field) for key, field in one.model_fields.items()]
        name = one.model_fields["model"].default
        yield Table(f"{title}` with `model: {name}", first_sentence(one), rows)


def page(config: type[BaseModel] = PipelineConfig) -> str:
    """Returns the text of docs/configuration.md."""
    texts = [INTRODUCTION]
    for table in tables(config, ""):
        texts.append(f"\n## `{table.title}`\n\n{table.about}\n\n")
        texts.append("| key | meaning | unit or values | default |\n|---|---|---|---|\n")
        texts.extend(f"| {' | '.join(cells)} |\n" for cells in table.rows)
    return "".join(texts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

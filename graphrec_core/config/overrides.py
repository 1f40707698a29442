"""Overrides of settings: reading ``section.key=value``, and which ones a run may carry."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from graphrec_core.config.yaml_reader import KeyPath, YamlProblem, read_yaml
from graphrec_core.errors import ConfigError
from graphrec_core.redaction import learn_secrets

FIXED: tuple[KeyPath, ...] = (("pipeline",), ("schedule", "overridable"))
"""What nobody overrides: whose lake a run writes, and what a run may override."""
MADE_OF = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_.=")


@dataclass(frozen=True)
class Override:
    """One setting of a run.

    Attributes:
        path: Its keys, from the section on.
        value: What it is set to.
    """

    path: KeyPath
    value: Any

    @property
    def key(self) -> str:
        """The dotted key."""
        return ".".join(self.path)

    def is_among(self, allowed: Iterable[str]) -> bool:
        """Tells whether a list of dotted keys and ``section.*`` names this one.

        A whole section is not among its keys: ``training={...}`` is not ``training.*``.
        """
        return any(self._is_below(tuple(entry.split("."))) for entry in allowed)

    def _is_below(self, entry: KeyPath) -> bool:
        if entry[-1] == "*":
            return len(self.path) >= len(entry) and self.path[: len(entry) - 1] == entry[:-1]
        return self.path[: len(entry)] == entry

    def sets(self, key: KeyPath) -> bool:
        """Tells whether it sets a key: itself, a part of it, or a mapping that holds it."""
        if self.path[: len(key)] == key:
            return True
        value, rest = self.value, key[len(self.path) :]
        if key[: len(self.path)] != self.path:
            return False
        for part in rest:
            if not isinstance(value, dict) or part not in value:
                return False
            value = value[part]
        return True

    def apply(self, data: dict[str, Any]) -> None:
        """Sets the value in a pipeline's mapping, making the sections that it needs."""
        section = data
        for part in self.path[:-1]:
            if not isinstance(section.get(part), dict):
                section[part] = {}
            section = section[part]
        section[self.path[-1]] = self.value


def read_overrides(texts: Sequence[object]) -> list[Override]:
    """Reads the overrides of a command or of a run.

    Raises:
        ConfigError: One is no ``section.key=value``, its value is no YAML, or it sets what nobody
            overrides.
    """
    overrides = [_read(text) for text in texts]
    for override in overrides:
        for key in FIXED:
            if override.sets(key):
                raise ConfigError(
                    must=f"{'.'.join(key)} can never be overridden.",
                    found=f"an override of {override.key}",
                    fix="Change the pipeline's YAML, or use the YAML of the other pipeline.",
                )
    return overrides


def without_overtaken(overrides: Sequence[Override]) -> list[Override]:
    """Leaves out those of which a later one sets the same key, or a section that holds it."""
    return [
        one
        for number, one in enumerate(overrides, 1)
        if not any(one.path[: len(later.path)] == later.path for later in overrides[number:])
    ]


def refuse_beyond(allowed: Sequence[str], overrides: Iterable[Override]) -> None:
    """Refuses what a triggered run may not override.

    Args:
        allowed: ``schedule.overridable`` of the YAML.
        overrides: What the run carries.

    Raises:
        ConfigError: Names the first key that the list does not.
    """
    for override in overrides:
        if not override.is_among(allowed):
            raise ConfigError(
                must="A triggered run may override only what schedule.overridable lists: "
                f"{', '.join(allowed) or 'nothing'}.",
                found=f"an override of {override.key}",
                fix="Set one listed key at a time (section.key=value), or have the pipeline's "
                "YAML changed; the command line (--set) takes every key.",
            )


def _read(text: object) -> Override:
    if not isinstance(text, str):
        raise _misshapen(type(text).__name__)
    key, separator, value = text.partition("=")
    parts = tuple(key.strip().split("."))
    if not separator or not all(parts):
        # What is no key may be a password that the shell cut off.
        raise _misshapen(repr(text) if set(text) <= MADE_OF else "other text")
    try:
        override = Override(parts, read_yaml(value)[0])
    except YamlProblem as problem:
        raise ConfigError(
            must="The value of an override must be YAML.",
            found=f"{key.strip()}=...: {problem.text}",
            fix="Quote the value, or write it as plain text or a number.",
        ) from None
    data: dict[str, Any] = {}
    override.apply(data)
    learn_secrets(data)
    return override


def _misshapen(found: str) -> ConfigError:
    return ConfigError(
        must="An override must look like section.key=value.",
        found=found,
        fix="Write for example --set training.num_epochs=5.",
    )

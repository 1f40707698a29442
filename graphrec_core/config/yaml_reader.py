"""Reads YAML strictly: every value has one meaning and a line, and nothing is taken silently.

Settings need text, numbers, yes/no, dates, lists and mappings. Everything else that YAML has is
refused here with its line: other tags, keys that are not text, keys that come twice (by a merge
too), values that Python cannot make, and texts that are small but would grow.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml
from typing_extensions import override

MAX_BYTES = 512 * 1024
MAX_DEPTH = 32
"""A setting lies five mappings deep at most; a list that holds itself is deeper than any limit."""
MAX_VALUES = 50_000
"""Counted after aliases are replaced by what they stand for."""
MAX_INTEGER = 2**63 - 1
MERGE = "tag:yaml.org,2002:merge"
SCALARS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp")
)
MAPPING, SEQUENCE = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"

HALF_CHARACTER = re.compile("[\ud800-\udfff]")

KeyPath = tuple[str, ...]
"""Keys from the top to a value; a list's items count by their number."""


class YamlProblem(Exception):  # noqa: N818  (what is wrong with a text, not yet whose text it is)
    """What is wrong with a YAML text.

    Args:
        text: What is wrong; holds no value of the text, which may be a password.
        line: Line of the text, from 1; 0: the text as a whole.
        key: Dotted key of the value, as far as it is known.
    """

    def __init__(self, text: str, line: int = 0, key: str = "") -> None:
        self.text, self.line, self.key = text, line, key
        super().__init__(str(self))

    def __str__(self) -> str:
        where = ", ".join([f"line {self.line}"] * bool(self.line) + [self.key] * bool(self.key))
        return f"{where}: {self.text}" if where else self.text


def read_yaml(text: str) -> tuple[Any, dict[KeyPath, int]]:
    """Reads one YAML document.

    Returns:
        Its value, made of dict, list, str, int, float, bool, None, date and datetime only, and
        the line of every key and list item, from 1.

    Raises:
        YamlProblem: The text is not YAML, or holds something that a setting cannot be.
    """
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise YamlProblem(f"the text is longer than {MAX_BYTES // 1024} KiB")
    loader = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise YamlProblem(_problem(error), _line(error.problem_mark)) from error
    except YamlProblem:
        raise
    # The parser has more ways to fail than its own errors: an impossible escape, a version of
    # 5,000 digits. Whatever it raises, the text is to blame.
    except Exception as error:
        line = 0 if loader is None else loader.line + 1
        raise YamlProblem(_reason(error), line) from error
    if node is None:
        return None, {}
    reader = _Reader(loader)
    return reader.value(node, ()), reader.lines


class _Loader(yaml.SafeLoader):
    """Stops at a depth that no setting has: what is deeper takes the parser minutes."""

    _depth = 0

    @override
    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise YamlProblem("lists and mappings are nested too deeply", self.line + 1)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _Reader:
    """Makes the values of one document, noting lines.

    Args:
        loader: Constructs scalars.
    """

    def __init__(self, loader: yaml.SafeLoader) -> None:
        self._loader, self._num_values = loader, 0
        self.lines: dict[KeyPath, int] = {}

    def value(self, node: yaml.Node, path: KeyPath) -> Any:  # noqa: ANN401
        self._count(node, path)
        if isinstance(node, yaml.MappingNode) and node.tag == MAPPING:
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == SEQUENCE:
            return [self._item(child, (*path, str(i))) for i, child in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.tag in SCALARS:
            return self._scalar(node, path)
        tag = node.tag.removeprefix("tag:yaml.org,2002:")
        raise _at(node, path, f"a setting cannot be of the type {tag!r}; quote text")

    def _count(self, node: yaml.Node, path: KeyPath) -> None:
        self._num_values += 1
        if len(path) > MAX_DEPTH:
            raise _at(node, path[:4], "lists and mappings are nested too deeply")
        if self._num_values > MAX_VALUES:
            raise _at(node, path, f"there are more than {MAX_VALUES} values, aliases replaced")

    def _item(self, node: yaml.Node, path: KeyPath) -> Any:  # noqa: ANN401
        self.lines[path] = _line(node.start_mark)
        return self.value(node, path)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in self._entries(node, path):
            key = self._key(key_node, path)
            own = (*path, key)
            if key in found:
                first = f"it stands in line {self.lines[own]} already; keep one"
                raise _at(key_node, own, f"the key comes twice: {first}")
            self.lines[own] = _line(key_node.start_mark)
            found[key] = self.value(value_node, own)
        return found

    def _entries(
        self, node: yaml.MappingNode, path: KeyPath
    ) -> Iterator[tuple[yaml.Node, yaml.Node]]:
        """Yields the entries, those of merged mappings (``<<``) included."""
        self._count(node, path)
        for key_node, value_node in node.value:
            if key_node.tag != MERGE:
                yield key_node, value_node
                continue
            many = isinstance(value_node, yaml.SequenceNode)
            for merged in value_node.value if many else [value_node]:
                if not isinstance(merged, yaml.MappingNode):
                    raise _at(key_node, path, "<< can only merge mappings")
                # One key deeper, so that a mapping that merges itself comes to an end.
                yield from self._entries(merged, (*path, "<<"))

    def _key(self, node: yaml.Node, path: KeyPath) -> str:
        is_scalar = isinstance(node, yaml.ScalarNode) and node.tag in SCALARS
        key = self._scalar(node, path) if is_scalar else None
        if not isinstance(key, str):
            raise _at(
                node,
                path,
                "a key must be text: write it in quotes, since YAML reads no as false and 8 as a "
                "number",
            )
        return key

    def _scalar(self, node: yaml.Node, path: KeyPath) -> Any:  # noqa: ANN401
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        try:
            value = self._loader.construct_object(node)
            str(value)  # a number of more digits than Python writes
        except Exception as error:  # as many kinds as there are constructors
            text = f"this is no {kind} that exists ({_reason(error)}); quote it if it is text"
            raise _at(node, path, text) from error
        if isinstance(value, str) and HALF_CHARACTER.search(value):
            raise _at(node, path, "the text holds half of a surrogate pair")
        if isinstance(value, int) and abs(value) > MAX_INTEGER:
            raise _at(node, path, "the number is larger than 64 bits hold")
        return value


def _at(node: yaml.Node, path: KeyPath, text: str) -> YamlProblem:
    return YamlProblem(text, _line(node.start_mark), ".".join(path))


def _line(mark: yaml.Mark | None) -> int:
    return mark.line + 1 if mark else 0


def _problem(error: yaml.MarkedYAMLError) -> str:
    """Says what is wrong without the line itself, which may hold a password."""
    column = f" (column {error.problem_mark.column + 1})" if error.problem_mark else ""
    return f"{error.context or ''} {error.problem or ''}".strip() + column


def _reason(error: Exception) -> str:
    if isinstance(error, yaml.reader.ReaderError):
        return f"the character {error.character!r} is not allowed: {error.reason}"
    name = type(error).__name__
    return f"{name}: {error}" if isinstance(error, OverflowError) else _first_words(error) or name


def _first_words(error: Exception) -> str:
    return str(error).partition(":")[0]

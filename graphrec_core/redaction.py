"""Keeps secrets out of everything that is written: logs, messages, results, manifests, reports.

A secret is a password or key inside a URI (``scheme://user:password@host``, ``?token=...``), or
the value of an option of an engine whose name says so (``fs.s3a.secret.key``). ``hide_in_uris``
and ``hide_options`` serve where it is known what a text is. ``redact`` is for free text: it looks
for such shapes, and for the very values that the configuration held (``learn_secrets``), since a
library may quote them bare.
"""

import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

HIDDEN = "***"
SECRET_NAME = re.compile(
    r"secret|passw(or)?d|passphrase|token|signature|credentials?$"
    r"|(access|account|private|encryption|api)[._-]?key|\bsas\b|\bsig$",
    re.IGNORECASE,
)
"""Names of options, or of a URI's parameters, whose values are secret."""
OPTIONS = "spark_settings"
"""The setting that holds an engine's options by name."""

# Up to the last @, since a password that was not encoded may hold a slash or an @.
_PASSWORD = re.compile(r"""\b([a-z][a-z0-9+.-]*://)[^\s/?#@'"]*:[^\s?#'"]*@""", re.IGNORECASE)
# A name alone before the @ is a token, except where it names a container (Azure).
_USER = re.compile(r"""\b(?!abfss?:|wasbs?:)([a-z][a-z0-9+.-]*://)[^\s/?#@:'"]+@""", re.IGNORECASE)
_PARAMETER = re.compile(r"""([?&;])([^\s=&;?'"]+)=([^\s&;#'"]+)""")
# From a name's start on: to look from each of its characters takes a long one's length squared.
_OPTION = re.compile(r"""(?<![\w.-])([\w.-]+)(["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s"',;&}\])]+)""")
MIN_LENGTH = 6
"""A shorter value is not searched for by itself: it would be found in harmless words."""
_NO_SECRETS = frozenset({"", "true", "false"})

_learned: set[str] = set()
"""Secret values of the pipelines that this process has read."""


def redact(text: str) -> str:
    """Returns free text with every secret replaced."""
    for value in sorted(_learned, key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return _OPTION.sub(_hide_option, hide_in_uris(text))


def hide_in_uris(text: str) -> str:
    """Returns a text with the secrets of the URIs in it replaced."""
    text = _USER.sub(rf"\1{HIDDEN}@", _PASSWORD.sub(rf"\1{HIDDEN}@", text))
    return _PARAMETER.sub(
        lambda m: f"{m[1]}{m[2]}={HIDDEN}" if SECRET_NAME.search(m[2]) else m[0], text
    )


def hide_options(options: Mapping[str, str]) -> dict[str, str]:
    """Returns an engine's options with the secret ones replaced."""
    return {
        name: HIDDEN if _is_secret(name, value) else hide_in_uris(value)
        for name, value in options.items()
    }


def learn_secrets(settings: object) -> None:
    """Remembers the secrets among a pipeline's settings, so that ``redact`` finds them anywhere.

    As they stand, decoded as a URI's part, and escaped as in JSON or in Python's quotes.
    """
    for value in _secrets(settings):
        if len(value) >= MIN_LENGTH:
            _learned.update({value, unquote(value), json.dumps(value)[1:-1], repr(value)[1:-1]})


def _secrets(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == OPTIONS and isinstance(item, Mapping):
                yield from (str(v) for name, v in item.items() if _is_secret(str(name), str(v)))
            yield from _secrets(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _secrets(item)
    elif isinstance(value, str):
        yield from _secrets_of_uris(value)


def _secrets_of_uris(text: str) -> Iterator[str]:
    for match in _PASSWORD.finditer(text):
        user, _, password = match[0].removesuffix("@").partition("://")[2].partition(":")
        yield password
        # Of S3 both halves are keys; the user of another system is often an ordinary word.
        yield user if match[1].startswith("s3") else ""
    yield from (m[3] for m in _PARAMETER.finditer(text) if SECRET_NAME.search(m[2]))


def _is_secret(name: str, value: str) -> bool:
    return SECRET_NAME.search(name) is not None and value.lower() not in _NO_SECRETS


def _hide_option(match: re.Match[str]) -> str:
    name, sign, value = match.groups()
    bare = value.strip("\"'")
    return f"{name}{sign}{value.replace(bare, HIDDEN)}" if _is_secret(name, bare) else match[0]

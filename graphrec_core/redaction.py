"""Keeps secrets out of everything that is written: logs, messages, results, manifests, reports.

A secret is a password or key inside a URI (``scheme://user:password@host``, ``?token=...``), or
the value of a setting whose name says so (``fs.s3a.secret.key``). Where a setting's name is known
the value is hidden by it (``without_secrets``); free text is searched for such shapes, and for the
very values that the configuration held (``redact``), since a library may quote them bare.
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
"""Names of settings, or of a URI's parameters, whose values are secret."""

# Up to the last @, since a password that was not encoded may hold a slash or an @.
_PASSWORD = re.compile(r"""\b([a-z][a-z0-9+.-]*://)[^\s/?#@'"]*:[^\s?#'"]*@""", re.IGNORECASE)
# A name alone before the @ is a token, except where it names a container (Azure).
_USER = re.compile(r"""\b(?!abfss?:|wasbs?:)([a-z][a-z0-9+.-]*://)[^\s/?#@:'"]+@""", re.IGNORECASE)
_PARAMETER = re.compile(r"""([?&;])([^\s=&;?'"]+)=([^\s&;#'"]+)""")
_SETTING = re.compile(r"""([\w.-]+)(["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s"',;&}\])]+)""")
MIN_LENGTH = 6
"""A shorter value is not searched for by itself: it would be found in harmless words."""
_NO_SECRETS = frozenset({"", "true", "false"})

_learned: set[str] = set()
"""Values of this process's configurations that are secret, longest matches first when used."""


def redact(text: str) -> str:
    """Returns ``text`` with every secret replaced."""
    for value in sorted(_learned, key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return _SETTING.sub(_hide_setting, _redact_uris(text))


def without_secrets(value: object, name: str = "") -> object:
    """Returns a JSON value with the secrets inside replaced, told by their names or as URIs.

    Args:
        value: Mappings, lists, text, numbers.
        name: The setting that it belongs to.
    """
    if isinstance(value, Mapping):
        return {key: without_secrets(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_secrets(item, name) for item in value]
    if not isinstance(value, str):
        return value
    return HIDDEN if _is_secret(name, value) else _redact_uris(value)


def redacted_texts(value: object) -> object:
    """Returns a JSON value with ``redact`` applied to every text inside, keys left alone."""
    if isinstance(value, Mapping):
        return {key: redacted_texts(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redacted_texts(item) for item in value]
    return redact(value) if isinstance(value, str) else value


def learn_secrets(settings: object) -> None:
    """Remembers the secrets among settings, so that ``redact`` finds them anywhere.

    As they stand, decoded as a URI's part, and escaped as in JSON or in Python's quotes.
    """
    for value in _secrets(settings, ""):
        if len(value) >= MIN_LENGTH:
            _learned.update({value, unquote(value), json.dumps(value)[1:-1], repr(value)[1:-1]})


def _secrets(value: object, name: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _secrets(item, str(key))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _secrets(item, name)
    elif isinstance(value, str):
        if _is_secret(name, value):
            yield value
        for match in _PASSWORD.finditer(value):
            user, _, password = match[0].removesuffix("@").partition("://")[2].partition(":")
            yield password
            # Of S3 both halves are keys; the user of another system is often an ordinary word.
            yield user if match[1].startswith("s3") else ""
        yield from (match[3] for match in _PARAMETER.finditer(value) if _named(match[2]))


def _is_secret(name: str, value: str) -> bool:
    return _named(name) and value.lower() not in _NO_SECRETS


def _named(name: str) -> bool:
    return SECRET_NAME.search(name) is not None


def _redact_uris(text: str) -> str:
    text = _USER.sub(rf"\1{HIDDEN}@", _PASSWORD.sub(rf"\1{HIDDEN}@", text))
    return _PARAMETER.sub(
        lambda m: f"{m[1]}{m[2]}={HIDDEN}" if _named(m[2]) else m[0],
        text,
    )


def _hide_setting(match: re.Match[str]) -> str:
    name, sign, value = match.groups()
    bare = value.strip("\"'")
    if not _is_secret(name, bare):
        return match[0]
    return f"{name}{sign}{value.replace(bare, HIDDEN)}"

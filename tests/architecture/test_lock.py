"""constraints.txt is what pyproject.toml resolves to: no file is missing, stale, or without hash.

Asked of the installed packages' own metadata, so that it needs no network and takes no time.
"""

import importlib.metadata
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
TEXT = (REPOSITORY / "constraints.txt").read_text()
Needs = Callable[[str], list[Requirement]]


def locked(text: str) -> dict[str, tuple[str, int]]:
    """Name -> version and number of hashes."""
    blocks = re.findall(r"^([\w.-]+)==(\S+)((?: \\\n +--hash=sha256:[0-9a-f]{64})*)$", text, re.M)
    return {name: (version, hashes.count("--hash")) for name, version, hashes in blocks}


def needs(name: str) -> list[Requirement]:
    """What a package says it needs: the project by its file, torch as a CPU build."""
    if name == "graphrec":
        extras = PROJECT["project"]["optional-dependencies"]
        more = [f"{text}; extra == '{extra}'" for extra, texts in extras.items() for text in texts]
        return [Requirement(text) for text in (*PROJECT["project"]["dependencies"], *more)]
    for entry in PROJECT["tool"]["uv"]["dependency-metadata"]:
        if entry["name"] == name:
            return [Requirement(text) for text in entry["requires-dist"]]
    return [Requirement(text) for text in importlib.metadata.requires(name) or ()]


def faults(text: str, needs: Needs) -> list[str]:
    """Says what differs between a lock and what the project needs with its extra ``dev``."""
    lock = locked(text)
    found = [f"{name} has no hash" for name, (_, num_hashes) in lock.items() if not num_hashes]
    reached, waiting = set(), [Requirement("graphrec[dev]")]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        asked = waiting.pop()
        name = canonicalize_name(asked.name)
        key = name, frozenset(asked.extras)
        if key in seen:
            continue
        seen.add(key)
        reached.add(name)
        for extra in ("", *asked.extras):
            for need in needs(name):
                if need.marker and not need.marker.evaluate({"extra": extra}):
                    continue
                waiting.append(need)
                other = canonicalize_name(need.name)
                version = lock.get(other, ("nothing", 0))[0]
                if other != "graphrec" and not need.specifier.contains(version, prereleases=True):
                    found.append(f"{name} needs {need}, locked is {version}")
    stale = [f"{name} is needed by nothing" for name in sorted(set(lock) - reached)]
    return [*found, *stale]


def test_the_lock_is_what_the_project_resolves_to() -> None:
    assert faults(TEXT, needs) == []


def test_what_is_installed_is_what_is_locked() -> None:
    found = {name: importlib.metadata.version(name) for name in locked(TEXT)}
    expected = {name: version for name, (version, _) in locked(TEXT).items()}
    found["torch"] = found["torch"].partition("+")[0]
    assert found == expected


def without(name: str) -> str:
    """The lock without a package."""
    return re.sub(rf"^{name}==.*\n( .*\n)*", "", TEXT, flags=re.M)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (without("py4j"), "pyspark needs py4j<0.10.9.10,>=0.10.9.7, locked is nothing"),
        (re.sub(r"^duckdb==\S+", "duckdb==1.9.0", TEXT, flags=re.M), "locked is 1.9.0"),
        (
            TEXT + "nobody==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n",
            "nobody is needed by noth",
        ),
        (re.sub(r"^(h3==\S+) \\\n( .*\n)*", r"\1\n", TEXT, flags=re.M), "h3 has no hash"),
    ],
    ids=["missing", "too old", "stale", "no hash"],
)
def test_a_lock_that_is_not_is_noticed(text: str, expected: str) -> None:
    assert any(expected in fault for fault in faults(text, needs))


def test_a_new_dependency_that_was_not_locked_is_noticed() -> None:
    def more(name: str) -> list[Requirement]:
        return [*needs(name), *([Requirement("nobody>=1")] if name == "graphrec" else [])]

    assert "graphrec needs nobody>=1, locked is nothing" in faults_without_metadata(more)


def faults_without_metadata(more: Needs) -> list[str]:
    """The faults where the package ``nobody`` is not installed and so needs nothing."""
    return faults(TEXT, lambda name: [] if name == "nobody" else more(name))


def test_torch_is_locked_as_a_cpu_build() -> None:
    """Both its hashes stand there: those of the index, and that of PyTorch's own CPU build."""
    entry = next(e for e in PROJECT["tool"]["uv"]["dependency-metadata"] if e["name"] == "torch")
    assert entry["version"] == locked(TEXT)["torch"][0]
    installed = importlib.metadata.version("torch")
    if not installed.endswith("+cpu"):
        pytest.skip(f"torch {installed} is not a CPU build")
    own = [Requirement(text) for text in importlib.metadata.requires("torch") or ()]
    plain = {str(need) for need in own if need.marker is None}
    assert plain == {str(need) for need in needs("torch")}
    assert not any(name.startswith(("nvidia", "cuda", "triton")) for name in locked(TEXT))

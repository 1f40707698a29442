"""What a package exports is exactly what it says it exports, and each name is documented."""

import importlib
import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).parents[2]
PACKAGES = sorted(
    ".".join(path.parent.relative_to(REPOSITORY).parts)
    for top in ("graphrec_core", "graphrec")
    for path in (REPOSITORY / top).rglob("__init__.py")
)
MAX_LINES = 400
"""Every file is shorter."""
VAGUE = {"util", "utils", "common", "helper", "helpers", "misc"}


def in_order(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, each by name: the order that ruff keeps."""
    if re.fullmatch(r"[A-Z0-9_]+", name):
        return 0, name
    return (1 if name[0].isupper() else 2), name


def public_names(module: ModuleType) -> set[str]:
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_exported_members(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__doc__, f"{package} needs a docstring"
    exported = list(getattr(module, "__all__", []))
    assert exported == sorted(set(exported), key=in_order)
    assert public_names(module) == set(exported)
    for name in exported:
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isroutine(value):
            assert inspect.getdoc(value), f"{package}.{name} needs a docstring"


def test_a_hidden_export_would_be_seen() -> None:
    module = ModuleType("example", "An example.")
    module.__dict__.update({"__all__": ["Known"], "Known": int, "Hidden": int, "_private": 1})
    assert public_names(module) == {"Known", "Hidden"}


@pytest.mark.parametrize(
    "package", [name for name in PACKAGES if name.startswith("graphrec_core.")]
)
def test_every_package_is_mirrored_by_tests(package: str) -> None:
    folder = REPOSITORY / "tests" / package.split(".", maxsplit=1)[1].replace(".", "/")
    assert list(folder.glob("test_*.py")), f"{folder} has no tests"


def test_files_are_short_and_named_after_concepts() -> None:
    for top in ("graphrec_core", "graphrec", "tests", "bench"):
        for path in (REPOSITORY / top).rglob("*.py"):
            assert len(path.read_text().splitlines()) < MAX_LINES, path
            assert not set(path.with_suffix("").parts) & VAGUE, path

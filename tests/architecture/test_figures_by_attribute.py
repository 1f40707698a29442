"""Outside of lake/records nobody reads a manifest's figures by key: they have a model per step."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
RECORDS = REPOSITORY / "graphrec_core" / "lake" / "records"
TOPS = ("graphrec_core", "graphrec", "bench")


def modules() -> list[Path]:
    found = sorted(path for top in TOPS for path in (REPOSITORY / top).rglob("*.py"))
    return [path for path in found if RECORDS not in path.parents]


def reads_of_manifests(tree: ast.AST) -> Iterator[int]:
    """Yields the lines that name the ``stats`` of a manifest, whatever they do with them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "stats":
            owner = node.value
            name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            if name in ("manifest", "before"):
                yield node.lineno


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_figures_are_read_by_attribute(path: Path) -> None:
    lines = list(reads_of_manifests(ast.parse(path.read_text(encoding="utf-8"))))
    assert not lines, f"{path}:{lines}: read `manifest.figures(...)` of the step's model"


@pytest.mark.parametrize(
    "code",
    [
        'regions = artifact.manifest.stats["regions"]',
        'merged = snapshot.manifest.stats.get("merged_regions", {})',
        'stats = manifest.stats\nstats["tables"]',
        'engine = self.before.stats.get("digest_engine")',
    ],
)
def test_reads_by_key_are_found(code: str) -> None:
    assert list(reads_of_manifests(ast.parse(code))) == [1]
    assert not list(reads_of_manifests(ast.parse("files = storage.stats(path)")))

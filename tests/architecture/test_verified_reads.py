"""Outside of lake/ a file of an artefact is read through the artefact, which verifies it.

``Artifact`` and ``CheckedFiles`` (``attempt.checked``) compare every file with its sha256. Other
ways to bytes are the lake's storage and the libraries that open files; here they are forbidden but
for the modules named with what they read. The names bind: a storage is called ``storage``.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
STORAGE_READS = {"find", "link", "open", "read", "sha256"}
"""Methods of a storage that hand out bytes."""
OPENERS = {
    "fsspec.open", "faiss.read_index", "io.open", "np.fromfile", "np.load", "np.memmap",
    "numpy.load", "open", "pa.memory_map", "pa.OSFile", "pq.ParquetDataset", "pq.ParquetFile",
    "pq.read_metadata", "pq.read_schema", "pq.read_table", "load_file", "safe_open", "torch.load",
    "url_to_fs",
}  # fmt: skip
"""Functions that open a path, or parse what they are given."""
METHODS = {"cat_file", "read_bytes", "read_text"}
"""Methods that read a path, whatever has them."""
MODES = {"r", "rb", "rb+", "rt"}
READERS = {
    "graphrec/jobs/init.py": "the committed examples, in the package",
    "graphrec_core/config/defaults.py": "the committed defaults, beside it",
    "graphrec_core/config/loader.py": "the YAML of the pipeline",
    "graphrec_core/engine/csv_reader.py": "a source's CSV",
    "graphrec_core/engine/csv_tables.py": "a source's CSV",
    "graphrec_core/engine/duckdb_parquet.py": "the footers of a source's Parquet",
    "graphrec_core/engine/embedded.py": "a source; of the lake what `uri` of an artefact names",
    "graphrec_core/engine/folders.py": "where a source's files are",
    "graphrec_core/engine/odd_texts.py": "the rules of time zones",
    "graphrec_core/engine/queries.py": "its own sql/",
    "graphrec_core/engine/spark.py": "the engine's own scratch files",
    "graphrec_core/engine/spill.py": "a lock of the engine's own folder",
    "graphrec_core/intake/areas.py": "the polygons of a source",
}
"""Modules that may read otherwise, and what: no artefact's file."""


def modules() -> list[Path]:
    tops = [REPOSITORY / top for top in ("graphrec_core", "graphrec")]
    found = sorted(path for top in tops for path in top.rglob("*.py"))
    rooms = ("graphrec_core/lake", "graphrec_core/ledger")  # bytes, and records of decisions
    return [path for path in found if not any(room in path.as_posix() for room in rooms)]


def dotted(node: ast.expr) -> str:
    """Writes ``a.b.c``; a call or an index on the way is ``?``."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return "?"


def is_storage(name: str) -> bool:
    return name.rpartition(".")[2].strip("_") == "storage"


def unverified_reads(text: str) -> list[str]:
    """Returns the line and the words of every read that verifies nothing."""
    tree = ast.parse(text)
    verified = set(map(id, checked_calls(tree)))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    found = [call for call in calls if id(call) not in verified and reads(call)]
    renamed = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and renames(node)]
    return [f"{node.lineno}: {ast.unparse(node)}" for node in (*found, *renamed)]


def reads(call: ast.Call) -> bool:
    name = dotted(call.func)
    owner, _, method = name.rpartition(".")
    if name in OPENERS or method in METHODS:
        return True
    if method in STORAGE_READS and is_storage(owner):
        return True
    if method == "open":  # an artefact's takes the name of a file, and no mode
        return not call.args or any(
            isinstance(arg, ast.Constant) and arg.value in MODES for arg in call.args
        )
    return method == "read_parquet" and any("storage.uri" in ast.unparse(a) for a in call.args)


def renames(node: ast.Assign) -> bool:
    """Says whether a storage gets another name, under which its reads would not be seen."""
    names = [dotted(target) for target in node.targets]
    return is_storage(dotted(node.value)) and not all(map(is_storage, names))


def checked_calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Yields what parses the file of ``with artifact.open(...) as file``."""
    for block in ast.walk(tree):
        if isinstance(block, ast.With):
            names = {name for item in block.items for name in verified_names(item)}
            for node in ast.walk(block):
                is_parsing = isinstance(node, ast.Call) and dotted(node.func).startswith("pq.")
                if is_parsing and node.args and dotted(node.args[0]) in names:
                    yield node


def verified_names(item: ast.withitem) -> Iterator[str]:
    call = item.context_expr
    is_open = isinstance(call, ast.Call) and dotted(call.func).endswith(".open")
    if is_open and isinstance(item.optional_vars, ast.Name) and not reads(call):
        yield item.optional_vars.id


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_module_reads_a_file_of_the_lake_unverified(path: Path) -> None:
    if path.relative_to(REPOSITORY).as_posix() not in READERS:
        assert unverified_reads(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", READERS)
def test_every_exception_is_one(name: str) -> None:
    assert unverified_reads((REPOSITORY / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "text",
    [
        "lake.storage.read(path)",
        "self._storage.open(path)",
        "found.lake.storage.find(path)",
        "storage.sha256(path)",
        "Lake(config).storage.read(path)",
        "disk = lake.storage",
        "pq.read_table(path)",
        "pq.read_table(artifact.base)",
        "pq.ParquetFile(path)",
        "with lake.storage.open(path) as file:\n    pq.read_table(file)",
        "with artifact.open(name) as file:\n    pq.read_table(other)",
        "np.load(path)",
        "faiss.read_index(path)",
        "open(path)",
        "Path(path).open()",
        "path.open('rb')",
        "fsspec.open(uri)",
        "Path(path).read_bytes()",
        "engine.read_parquet(lake.storage.uri(artifact.base))",
    ],
)
def test_an_unverified_read_is_found(text: str) -> None:
    assert unverified_reads(text)


@pytest.mark.parametrize(
    "text",
    [
        "artifact.read(name)",
        "with artifact.open(name) as file:\n    pq.read_table(file, columns=['a'])",
        "with trial.checked.open(name) as file:\n    list(pq.ParquetFile(file).iter_batches())",
        "artifact.read_table(name)",
        "lake.storage.exists(path)",
        "lake.storage.write(path, data)",
        "storage = lake.storage",
        "engine.read_parquet(artifact.checked.uri('view'))",
        "pq.write_table(rows, sink)",
    ],
)
def test_verified_reads_and_writes_are_free(text: str) -> None:
    assert unverified_reads(text) == []

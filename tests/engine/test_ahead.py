"""What is loaded while an engine starts: in a thread beside Spark, not beside DuckDB."""

import subprocess
import sys
from pathlib import Path

import pytest

from graphrec_core.config import child_environment

PROGRAM = """
import sys
from pathlib import Path
from threading import enumerate as threads
from graphrec_core.engine.ahead import load_ahead
from tests.support.snapshots import tiny_config

load_ahead(tiny_config(Path("lake"), snapshot={"engine": sys.argv[1]}), "json.tool")
for thread in threads():
    if thread.name.startswith("load"):
        thread.join()
print("json.tool" in sys.modules, "pyspark.sql" in sys.modules)
"""


@pytest.mark.process
@pytest.mark.parametrize(("engine", "found"), [("spark", "True True"), ("duckdb", "False False")])
def test_a_module_is_loaded_ahead_beside_spark_alone(
    tmp_path: Path, engine: str, found: str
) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(program), engine],
        env=child_environment(PYTHONPATH=str(Path(__file__).parents[2])),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == found

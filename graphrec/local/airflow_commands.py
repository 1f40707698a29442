"""Runs several commands of Airflow's program in one process, which loads Airflow once.

    python -m graphrec.local.airflow_commands '[["db", "migrate"], ["dags", "test", ...]]'

The first that fails ends it, with that command's exit code.
"""

import json
import pkgutil
import sys


def main() -> None:
    """Runs the commands that the one argument holds as JSON."""
    for words in json.loads(sys.argv[1]):
        sys.argv = ["airflow", *words]
        pkgutil.resolve_name("airflow.__main__:main")()


if __name__ == "__main__":
    main()

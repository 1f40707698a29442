"""Runs several commands of Airflow's program in one process, which loads Airflow once.

    python -m graphrec.local.airflow_commands '[["db", "migrate"], ["dags", "test", ...]]'

The first that fails ends it, with that command's exit code.

``airflow dags test`` runs one task at a time unless it is given an executor, whose tasks report
to a server. So a server of theirs alone stands beside, and ends with this process.
"""

import json
import os
import pkgutil
import secrets
import socket
import sys
import traceback

from graphrec.dags.child_process import die_with_the_parent
from graphrec_core.config.loader import set_default_environment

_parent = 0
"""The process that forked last."""


def main() -> None:
    """Runs the commands that the one argument holds as JSON."""
    os.register_at_fork(before=_note_parent, after_in_child=_follow_parent)
    for words in json.loads(sys.argv[1]):
        if "--use-executor" in words:
            serve_the_tasks()
        sys.argv = ["airflow", *words]
        try:
            pkgutil.resolve_name("airflow.__main__:main")()
        except Exception:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)  # an end in order waits for workers, which nobody ends any more


def _note_parent() -> None:
    global _parent  # a hook of fork takes no arguments
    _parent = os.getpid()


def _follow_parent() -> None:
    die_with_the_parent()
    if os.getppid() != _parent:  # it was killed before the kernel knew
        os._exit(1)


def serve_the_tasks() -> int:
    """Starts the server of the tasks' states and results, for this process and its children.

    Returns:
        The server's process id.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    server = f"http://127.0.0.1:{listener.getsockname()[1]}/execution/"
    set_default_environment("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", server)
    set_default_environment("AIRFLOW__API_AUTH__JWT_SECRET", secrets.token_hex(32))
    server_id = os.fork()
    if server_id == 0:
        uvicorn = pkgutil.resolve_name("uvicorn")
        app = pkgutil.resolve_name("airflow.api_fastapi.app:create_app")(apps="execution")
        config = uvicorn.Config(app, log_config=None, log_level="warning", access_log=False)
        uvicorn.Server(config).run(sockets=[listener])
        os._exit(0)
    listener.close()
    return server_id


if __name__ == "__main__":
    main()

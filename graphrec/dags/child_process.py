"""A child process in its own process group, its output read line by line, killed as a whole."""

import codecs
import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO

KILL_GRACE_S = 10.0
_POLL_S = 0.1
_NAP_S = 0.05
_CHUNK_BYTES = 65536
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class ChildProcess:
    """Runs an argument list, never a shell string.

    Args:
        command: Program and arguments.
        env: The whole environment of the child.
    """

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            list(command),
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=die_with_the_parent,
        )

    @property
    def pid(self) -> int:
        """The child's process id, which is its process group's id too."""
        return self._process.pid

    def follow(self, on_stdout: Callable[[str], None], on_stderr: Callable[[str], None]) -> int:
        """Passes on every line as it comes and returns the exit code (negative: a signal)."""
        stdout, stderr = self._process.stdout, self._process.stderr
        if stdout is None or stderr is None:
            raise ValueError("both streams are pipes by construction")
        with selectors.DefaultSelector() as selector:
            for stream, on_line in ((stdout, on_stdout), (stderr, on_stderr)):
                selector.register(stream, selectors.EVENT_READ, _Lines(stream, on_line))
            self._pump(selector)
        while (code := self._process.poll()) is None:
            time.sleep(_NAP_S)
        return code

    def _pump(self, selector: selectors.BaseSelector) -> None:
        while selector.get_map():
            events = selector.select(_POLL_S)
            if not events and self._process.poll() is not None:
                break  # a grandchild that lives on holds the pipe open
            for key, _ in events:
                if not key.data.read():
                    selector.unregister(key.fileobj)
        for key in list(selector.get_map().values()):
            key.data.flush()

    def kill(self) -> None:
        """Ends the whole process group: asks first, then, after a grace period, insists.

        Only polls: it may run in a signal handler that interrupted a wait for the same child.
        """
        self._signal(signal.SIGTERM)
        self._poll(KILL_GRACE_S)
        self._signal(signal.SIGKILL)
        self._poll(KILL_GRACE_S)

    def _poll(self, limit_s: float) -> None:
        deadline_s = time.monotonic() + limit_s
        while self._process.poll() is None and time.monotonic() < deadline_s:
            time.sleep(_NAP_S)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)


def die_with_the_parent() -> None:
    """Runs in a child before its program: a killed parent cannot end it, so the kernel does."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class _Lines:
    """Cuts one stream into lines; a carriage return (a progress bar) ends a line too."""

    def __init__(self, stream: IO[bytes], on_line: Callable[[str], None]) -> None:
        self._descriptor, self._on_line, self._rest = stream.fileno(), on_line, ""
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def read(self) -> bool:
        """Reads what is there; False at the end of the stream."""
        chunk = os.read(self._descriptor, _CHUNK_BYTES)
        for line in self._cut(self._decoder.decode(chunk)):
            self._on_line(line)
        if not chunk:
            self.flush()
        return bool(chunk)

    def flush(self) -> None:
        """Passes on a last line without a line end."""
        if self._rest:
            self._on_line(self._rest)
        self._rest = ""

    def _cut(self, text: str) -> Iterator[str]:
        *lines, self._rest = (self._rest + text.replace("\r", "\n")).split("\n")
        return (line for line in lines if line.strip())

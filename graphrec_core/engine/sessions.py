"""One session for several steps of a process: the first that needs it starts it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar

_SHARED: ContextVar[ExitStack | None] = ContextVar("shared sessions", default=None)


@contextmanager
def one_session() -> Iterator[None]:
    """Keeps the session that an engine starts in this context, for the next ones, to its end."""
    with ExitStack() as stack:
        token = _SHARED.set(stack)
        try:
            yield
        finally:
            _SHARED.reset(token)


def shared_sessions() -> ExitStack | None:
    """Returns what ends with the context of ``one_session``; None outside one."""
    return _SHARED.get()

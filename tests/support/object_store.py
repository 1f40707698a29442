"""A local S3: moto's server with one request at a time, so that its conditional puts are atomic.

moto looks at the condition and then writes; a real store does both at once.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any

import fsspec
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.utils import utcnow
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import WSGIRequestHandler, make_server

Environ = dict[str, Any]
BUCKETS = count()
"""Numbers of buckets; moto keeps them from one server to the next."""
CONDITIONS = ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH")


class ObjectStore:
    """An S3 server and one bucket; see ``object_store``.

    Attributes:
        url: Where it listens.
        requests: Method, path and range of every request so far.
        refuses: Says which requests, by method and path, are answered with 403.
        ignores_conditions: Set to answer conditional puts as a store that does not know them.
        before_put: Called before each put is looked at, with the object's key.
        after_put: The same once it is done; what it raises becomes an answer 500.
    """

    def __init__(self) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()
        self._server = make_server(
            "127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.requests: list[tuple[str, str, str]] = []
        self.ignores_conditions = False
        self.refuses: Callable[[str, str], bool] = _never
        self.before_put: Callable[[str], None] = _nothing
        self.after_put: Callable[[str], None] = _nothing

    def new_root(self) -> str:
        """Makes a bucket and returns the URI of a folder in it."""
        self.ignores_conditions, self.before_put, self.after_put = False, _nothing, _nothing
        self.refuses = _never
        bucket = f"lakes-{next(BUCKETS)}"
        self._fs().mkdir(bucket)
        return f"s3://{bucket}/some/prefix"

    def get(self, uri: str) -> bytes:
        """Reads an object without the library under test."""
        return bytes(self._fs().cat_file(uri))

    def keys(self, uri: str) -> list[str]:
        """Lists the objects below a URI without the library under test."""
        return sorted(self._fs().find(uri.removeprefix("s3://")))

    def set_age(self, uri: str, age_s: float) -> None:
        """Makes an object look as old as if it had been put ``age_s`` seconds ago."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        found = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].get_object(bucket, key)
        found.last_modified = utcnow() - timedelta(seconds=age_s)

    def num_uploads(self, uri: str) -> int:
        """Counts the multipart uploads that were begun and neither ended nor aborted."""
        bucket = uri.removeprefix("s3://").partition("/")[0]
        return len(self._fs().call_s3("list_multipart_uploads", Bucket=bucket).get("Uploads", []))

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _fs(self) -> Any:
        return fsspec.filesystem("s3", use_listings_cache=False)

    def _answer(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.requests.append((method, path, environ.get("HTTP_RANGE", "")))
        if self.refuses(method, path):
            start_response("403 Forbidden", [("Content-Type", "application/xml")])
            return [b"<Error><Code>AccessDenied</Code></Error>"]
        if method == "PUT":
            self.before_put(path)
        if self.ignores_conditions:
            for name in CONDITIONS:
                environ.pop(name, None)
        with self._lock:
            answer = list(self._app(environ, start_response))
        if method == "PUT":
            self.after_put(path)
        return answer


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Says nothing."""


def _nothing(key: str) -> None:
    """Does nothing."""


def _never(method: str, path: str) -> bool:
    """Refuses nothing."""
    return False


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """Starts a store, and names it in the environment as a user would."""
    store, s3 = ObjectStore(), fsspec.get_filesystem_class("s3")
    s3.clear_instance_cache()  # file systems remember the store of the environment they came from
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", store.url)
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        # Else what is refused is asked for five times, with pauses of two seconds in all.
        patch.setattr(s3, "retries", 2)
        store.start()
        try:
            yield store
        finally:
            s3.clear_instance_cache()
            store.stop()

"""A headless Chromium, driven by its own protocol: https://chromedevtools.github.io/devtools-protocol."""

import base64
import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

START_S = 30


class Page:
    """One tab of a browser."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = count(1)

    def photograph(
        self, url: str, width: int, height: int, stored: Mapping[str, object], wait_s: float
    ) -> bytes:
        """Opens a page and returns a picture of its top, as PNG.

        Args:
            url: The page.
            width: Of the window, in pixels.
            height: Of the window, in pixels.
            stored: What the page finds in its local storage, as if somebody had clicked before.
            wait_s: How long the page's scripts get.
        """
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._do("Page.enable")
        self._do("Emulation.setDeviceMetricsOverride", **size)
        pairs = json.dumps({key: json.dumps(value) for key, value in stored.items()})
        script = f"for (const [k, v] of Object.entries({pairs})) localStorage.setItem(k, v)"
        if stored:
            self._do("Page.addScriptToEvaluateOnNewDocument", source=script)
        self._do("Page.navigate", url=url)
        time.sleep(wait_s)
        return base64.b64decode(self._do("Page.captureScreenshot")["data"])

    def _do(self, method: str, **parameters: object) -> dict[str, Any]:
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:  # events come between a call and its answer
            answer = json.loads(self._connection.recv(timeout=START_S))
            if answer.get("id") == number:
                return dict(answer["result"])


@contextmanager
def open_page() -> Iterator[Page]:
    """Starts a browser and yields its tab."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
        place = (f"--user-data-dir={profile}", "--remote-debugging-port=0", "about:blank")
        running = subprocess.Popen(
            [_chromium(), *flags, *place], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            with connect(_tab(Path(profile, "DevToolsActivePort")), max_size=None) as connection:
                yield Page(connection)
        finally:
            running.terminate()
            running.wait(START_S)


def _chromium() -> str:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise SystemExit("Screenshots need Chromium on PATH; on Debian: apt-get install chromium")
    return found


def _tab(port_file: Path) -> str:
    """Returns the address of the first tab, once the browser has written its port."""
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if port_file.exists() and (port := port_file.read_text().partition("\n")[0]):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
                tabs = [tab for tab in json.load(answer) if tab["type"] == "page"]
            if tabs:
                return str(tabs[0]["webSocketDebuggerUrl"])
        time.sleep(0.2)
    raise SystemExit(f"Chromium did not start within {START_S} s")

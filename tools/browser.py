"""A headless Chromium over a pipe: the DevTools protocol with the standard library alone, and no port opened.

Messages are JSON objects that end with a zero byte; the browser reads them from its descriptor 3 and writes to 4.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--window-size=1280,900",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # whatever a page asks of the network, it does not get
    "--remote-debugging-pipe",
)
PATIENCE = 60.0
"""Seconds to wait for an answer or for a page to load."""


class BrowserError(RuntimeError):
    """The browser is missing, refused a command, or did not answer."""


def program() -> str | None:
    """Path of the browser, or None."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Page:
    """One tab. `events` holds what the browser reported since the last `visit`, oldest first."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._buffer, self._last, self._session = b"", 0, ""
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._writing, json.dumps(message).encode() + b"\0")
        number = self._last
        answer = self._await(lambda m: m.get("id") == number, method)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    def visit(self, address: str) -> None:
        """Open an address and wait until it has loaded."""
        self.events = []
        answer = self.call("Page.navigate", url=address)
        if "errorText" in answer:
            raise BrowserError(f"{address}: {answer['errorText']}")
        if not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self._await(lambda m: m.get("method") == "Page.loadEventFired", address)

    def evaluate(self, expression: str) -> Any:
        """Value of a JavaScript expression; promises are awaited."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise BrowserError(f"evaluate: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def _await(self, wanted: Any, what: str) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while True:
            while b"\0" in self._buffer:
                line, self._buffer = self._buffer.split(b"\0", 1)
                message = json.loads(line)
                if "method" in message:
                    self.events.append(message)
                if wanted(message):
                    return dict(message)
            if not select.select([self._reading], [], [], max(0.0, end - time.monotonic()))[0]:
                raise BrowserError(f"{what}: no answer within {PATIENCE:.0f} s")
            piece = os.read(self._reading, 1 << 16)
            if not piece:
                raise BrowserError(f"{what}: the browser has gone")
            self._buffer += piece


def _high(descriptor: int) -> int:
    """The same file under a number that the child's 3 and 4 cannot collide with."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return moved


@contextmanager
def browse() -> Iterator[Page]:
    """A tab of a browser with a fresh profile; the browser ends with the block."""
    found = program()
    if found is None:
        raise BrowserError(f"no browser; one of {', '.join(NAMES)} is expected on the path")
    (child_in, to_child), (from_child, child_out) = ((_high(r), _high(w)) for r, w in (os.pipe(), os.pipe()))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [found, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        shell = ["bash", "-c", f'exec "$@" 3<&{child_in} 4>&{child_out}', "bash", *command]
        child = subprocess.Popen(
            shell, pass_fds=(child_in, child_out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(child_in)
        os.close(child_out)
        try:
            yield Page(from_child, to_child)
        finally:
            os.close(to_child)
            os.close(from_child)
            child.terminate()
            child.wait(timeout=PATIENCE)

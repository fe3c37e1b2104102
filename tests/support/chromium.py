"""Debian's Chromium without a window, driven by its DevTools protocol over a pipe: no further package is needed."""

import itertools
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from select import select

import pytest

FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--use-fake-device-for-media-stream", "--remote-debugging-pipe"),
)
MISSING = "chromium is not installed: apt-get install chromium"
SECONDS = 60  # until the answer to a command


class Chromium:
    """A browser with one page.

    Args:
        folder: empty, for its profile.
        flags: further ones of the command line.
    """

    def __init__(self, folder: Path, *flags: str) -> None:
        program = shutil.which("chromium")
        if program is None:
            pytest.skip(MISSING)
        (commands, self._to), (self._answers, answers) = os.pipe(), os.pipe()
        words = [program, *FLAGS, *flags, f"--user-data-dir={folder}", "about:blank"]
        shell = ["bash", "-c", f'exec "$0" "$@" 3<&{commands} 4>&{answers}', *words]
        with open(os.devnull, "r+b") as nothing:
            self._process = subprocess.Popen(
                shell, stdin=nothing, stdout=nothing, stderr=nothing, pass_fds=(commands, answers)
            )
        os.close(commands)
        os.close(answers)
        self._ids, self._rest, self.events, self.session = itertools.count(1), b"", [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Runtime.enable")

    def call(self, method: str, session: str | None = None, **params) -> dict:
        """Send a command to the page, or another session, and return its result; events that come before are kept."""
        number = next(self._ids)
        message = dict(id=number, method=method, params=params)
        if session or self.session:
            message["sessionId"] = session or self.session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != number:
            self.events.append(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def _read(self) -> dict:
        end = time.monotonic() + SECONDS
        while b"\0" not in self._rest:
            assert select([self._answers], [], [], max(0, end - time.monotonic()))[0], "no answer from chromium"
            part = os.read(self._answers, 2**20)
            assert part, "chromium has ended"
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def js(self, expression: str, session: str | None = None):
        """Evaluate an expression, which may be a promise, and return its value."""
        options = dict(expression=expression, awaitPromise=True, returnByValue=True, userGesture=True)
        found = self.call("Runtime.evaluate", session, **options)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait(self, expression: str, seconds: float = 30):
        """Return the value of an expression as soon as it is true."""
        end = time.monotonic() + seconds
        while not (value := self.js(expression)):
            assert time.monotonic() < end, (
                f"{expression} stays {value!r}; the page: {self.js('document.body?.innerText')}"
            )
            time.sleep(0.02)
        return value

    def open(self, url: str) -> None:
        """Go to a page, and wait until it is loaded."""
        self.call("Page.navigate", url=url)
        self.wait(f"document.readyState === 'complete' && location.href === {json.dumps(url)}")

    def choose_file(self, selector: str, path: Path) -> None:
        """Choose a file in a file input, as its dialogue does."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", files=[str(path)], nodeId=node)

    def close(self) -> None:
        """End the browser."""
        try:
            os.write(self._to, json.dumps(dict(id=next(self._ids), method="Browser.close")).encode() + b"\0")
            self._process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._to)
        os.close(self._answers)

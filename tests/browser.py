"""A headless Chromium driven over its debugging pipe, standard library only. Tests of the page import it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)

# The browser reads commands from descriptor 3 and answers on 4; the copies keep one from overwriting the other.
START = """
import fcntl, os, sys
there, theirs = (fcntl.fcntl(int(text), fcntl.F_DUPFD, 10) for text in sys.argv[1:3])
os.dup2(there, 3)
os.dup2(theirs, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


def program() -> str | None:
    """Where a Chromium is, or None."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path), None)


class Page:
    """One tab. Collects what is written to the console, exceptions, and every address that is asked for."""

    def __init__(
        self, address: str, width: int = 1200, height: int = 900, scheme: str = "light", motion: str = "no-preference"
    ) -> None:
        self.folder = tempfile.mkdtemp(prefix="chromium-")
        there, mine = os.pipe()
        back, theirs = os.pipe()
        command = [sys.executable, "-c", START, str(there), str(theirs), str(program()), *FLAGS]
        self.process = subprocess.Popen(
            [*command, f"--user-data-dir={self.folder}"],
            pass_fds=(there, theirs),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(there)
        os.close(theirs)
        self.out, self.back, self.waiting = mine, back, b""
        self.number, self.session = 0, ""
        self.console: list[str] = []
        self.requests: list[str] = []
        self.loaded = False
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call(
            "Emulation.setEmulatedMedia",
            features=[
                {"name": "prefers-color-scheme", "value": scheme},
                {"name": "prefers-reduced-motion", "value": motion},
            ],
        )
        self.call("Page.navigate", url=address)
        while not self.loaded:
            self.note(self.read())

    def read(self) -> dict[str, Any]:
        while b"\0" not in self.waiting:
            chunk = os.read(self.back, 1 << 16)
            if not chunk:
                raise RuntimeError("the browser went away")
            self.waiting += chunk
        message, self.waiting = self.waiting.split(b"\0", 1)
        return json.loads(message)

    def note(self, message: dict[str, Any]) -> None:
        method, given = message.get("method"), message.get("params", {})
        if method == "Page.loadEventFired":
            self.loaded = True
        elif method == "Network.requestWillBeSent":
            self.requests.append(given["request"]["url"])
        elif method == "Runtime.consoleAPICalled":
            self.console.append(" ".join(str(entry.get("value")) for entry in given["args"]))
        elif method == "Runtime.exceptionThrown":
            self.console.append(given["exceptionDetails"]["text"])
        elif method == "Log.entryAdded":
            self.console.append(given["entry"]["text"])

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.note(answer)

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """One key, as a keyboard would send it."""
        codes = {
            "Tab": (9, ""),
            "Enter": (13, "\r"),
            " ": (32, " "),
            "ArrowLeft": (37, ""),
            "ArrowUp": (38, ""),
            "ArrowRight": (39, ""),
            "ArrowDown": (40, ""),
        }
        code, text = codes[key]
        common = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", **common, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text: str) -> None:
        """Letters into what has the focus."""
        self.call("Input.insertText", text=text)

    def drag(self, points: Sequence[tuple[float, float]]) -> None:
        """The pointer, pressed at the first point and let go at the last; in the window's pixels."""
        common = {"button": "left", "buttons": 1, "clickCount": 1}
        kinds = ["mousePressed", *("mouseMoved" for _ in points[1:]), "mouseReleased"]
        for kind, (x, y) in zip(kinds, [*points, points[-1]], strict=True):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **common)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)
        os.close(self.out)
        os.close(self.back)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Page:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def address(path: Path) -> str:
    return path.resolve().as_uri()

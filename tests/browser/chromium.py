"""A real Chromium, driven over a pipe by the DevTools protocol; needs no package."""

import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PATIENCE = 60.0  # seconds; a page that needs them all is broken, not slow
# Chromium reads commands from descriptor 3 and writes answers to descriptor 4.
_LAUNCH = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""


def find_chromium() -> str | None:
    """The program named by $CHROMIUM, or the first one there is; None without any."""
    named = os.environ.get("CHROMIUM")
    return next(filter(None, map(shutil.which, [named] if named else _NAMES)), None)


class Browser:
    """A headless browser with a profile of its own; pages share its storage."""

    def __init__(self, program: str, profile: Path):
        to_browser, from_browser = os.pipe(), os.pipe()
        command = [
            program,
            "--headless",
            "--remote-debugging-pipe",
            f"--user-data-dir={profile}",
            "--no-first-run",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            *(["--no-sandbox"] if os.getuid() == 0 else []),
        ]
        ends = to_browser[0], from_browser[1]
        self._log = (profile.parent / f"{profile.name}.log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCH, *map(str, ends), *command],
            pass_fds=ends,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        for end in ends:
            os.close(end)
        self._out, self._in = to_browser[1], from_browser[0]
        self._rest, self._last_id = b"", 0
        self.events: list[dict] = []

    def send(self, method: str, session: str | None = None, **params):
        """Runs a command of the protocol and returns its result."""
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read(time.monotonic() + _PATIENCE)
            if answer.get("id") == self._last_id:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self.events.append(answer)

    def open(self, address: str, before: str = "") -> "Page":
        """A new tab with the page loaded; the script `before` runs ahead of the page's own."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Page(self, session, address, before)

    def close(self) -> None:
        """Ends the browser."""
        try:
            self.send("Browser.close")
            self._process.wait(_PATIENCE)
        finally:
            self._process.kill()
            self._process.wait()
            for end in (self._out, self._in):
                os.close(end)
            self._log.close()

    def _read(self, deadline: float) -> dict:
        while b"\0" not in self._rest:
            left = max(0.0, deadline - time.monotonic())
            assert select.select([self._in], [], [], left)[0], "Chromium does not answer"
            part = os.read(self._in, 1 << 20)
            assert part, f"Chromium ended; {self._log.name} may say why"
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)


class Page:
    """A tab: what it holds, and what a person does to it."""

    def __init__(self, browser: Browser, session: str, address: str, before: str):
        self._browser, self._session = browser, session
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._send(f"{domain}.enable")
        if before:
            self._send("Page.addScriptToEvaluateOnNewDocument", source=before)
        self._send("Page.navigate", url=address)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def _send(self, method: str, **params):
        return self._browser.send(method, self._session, **params)

    def js(self, expression: str):
        """The value of a JavaScript expression; a promise is awaited."""
        found = self._send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, f"{expression}: {found['exceptionDetails']}"
        return found["result"].get("value")

    def until(self, expression: str) -> None:
        """Waits until the expression is true."""
        deadline = time.monotonic() + _PATIENCE
        while not self.js(expression):
            assert time.monotonic() < deadline, f"never true: {expression}"
            time.sleep(0.02)

    def text(self, selector: str) -> str:
        """The text of an element as it is shown; "" when it is hidden."""
        return self.js(f"document.querySelector({json.dumps(selector)}).innerText").strip()

    def shown(self, selector: str) -> bool:
        """Whether the element takes up room on the screen."""
        return self.js(f"document.querySelector({json.dumps(selector)}).offsetParent !== null")

    def click(self, selector: str) -> None:
        """Clicks with the mouse into the middle of the element."""
        x, y = self.js(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center', behavior: 'instant'});"
            "const r = e.getBoundingClientRect();"
            "return [r.x + r.width / 2, r.y + r.height / 2] })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self._send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, *keys: str) -> None:
        """Presses keys: characters, or names such as Enter and ArrowRight."""
        for key in keys:
            text = (
                {"text": "\r" if key == "Enter" else key} if len(key) == 1 or key == "Enter" else {}
            )
            self._send("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, **text)
            self._send("Input.dispatchKeyEvent", type="keyUp", key=key, code=key)

    def choose_file(self, selector: str, path: Path) -> None:
        """Gives a file to an input, as its dialog would."""
        root = self._send("DOM.getDocument")["root"]["nodeId"]
        node = self._send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self._send("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def downloads_to(self, folder: Path) -> None:
        """Where the browser saves what pages give it."""
        self._browser.send(
            "Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder)
        )

    def reload(self) -> None:
        """As the reload button does."""
        # Waiting by a script would race with the page that goes away under it.
        loads = len(self._loads())
        self._send("Page.reload")
        # A script that asks now would race with the page that goes away under it.
        deadline = time.monotonic() + _PATIENCE
        while len(self._loads()) == loads:
            assert time.monotonic() < deadline, "the page never loaded again"
            self._browser.send("Browser.getVersion")
            time.sleep(0.02)

    def emulate(self, width: int, height: int, scheme: str = "light") -> None:
        """Another window size and colour scheme."""
        self._send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._send("Emulation.setEmulatedMedia", features=features)

    def picture(self) -> bytes:
        """A PNG of the window, base64."""
        return self._send("Page.captureScreenshot", format="png")["data"]

    def requests(self) -> list[str]:
        """Addresses that the page asked for."""
        return [
            event["params"]["request"]["url"] for event in self._events("Network.requestWillBeSent")
        ]

    def complaints(self) -> list[str]:
        """Errors that the page threw or that the browser reported, as its content policy does."""
        thrown = self._events("Runtime.exceptionThrown")
        logged = self._events("Log.entryAdded")
        return [str(event["params"]["exceptionDetails"]) for event in thrown] + [
            event["params"]["entry"]["text"]
            for event in logged
            if event["params"]["entry"]["level"] == "error"
        ]

    def forget_complaints(self) -> list[str]:
        """The complaints so far, which then count no more."""
        found = self.complaints()
        kinds = ("Runtime.exceptionThrown", "Log.entryAdded")
        self._browser.events = [e for e in self._browser.events if e["method"] not in kinds]
        return found

    def accessible(self) -> list[tuple[str, str]]:
        """Role and name of what a screen reader finds, in order."""
        nodes = self._send("Accessibility.getFullAXTree")["nodes"]
        return [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in nodes
            if not node["ignored"]
        ]

    def wait_for_file(self, path: Path) -> None:
        """Waits until a download is complete."""
        deadline = time.monotonic() + _PATIENCE
        while not path.exists():
            assert time.monotonic() < deadline, f"{path} never came"
            self._browser.send("Browser.getVersion")
            time.sleep(0.02)

    def _loads(self) -> list[dict]:
        return self._reported("Page.loadEventFired")

    def _events(self, method: str) -> list[dict]:
        self.js("0")  # what happened so far has been reported by now
        return self._reported(method)

    def _reported(self, method: str) -> list[dict]:
        return [
            event
            for event in self._browser.events
            if event.get("sessionId") == self._session and event["method"] == method
        ]

"""Ends this process, with the reason, where another process of the run is gone or gets nowhere.

Every process holds a connection to process 0 and sends a beat over it each second. A process is
gone when its connection breaks (it was killed, it crashed) or is silent (it is stopped, its host
or the network is down); process 0 tells the others, and all end with status 1. So does a process
that beats and gets nowhere, and one whose fellows ended long before it.

    links = open_links(index, count, tell, ask, limits)
    Heartbeats(index, links, limits).start()
    progress()                       # beside each piece of work

XLA has heartbeats too. Its answer to a lost process is to abort, after 100 seconds, with a stack
trace instead of a reason; it is left as what happens should this file fail.
"""

import atexit
import ctypes
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_BEAT_SECS = 1.0
_PACKAGE = str(Path(__file__).parents[2])
_AGAIN = "Start the same command again on all hosts: it continues from what is saved"

Links = dict[int, socket.socket]


@dataclass(frozen=True)
class Limits:
    """How long is too long, in seconds; each can be set in the environment, alike everywhere."""

    silence_secs: float = 30.0
    """QUALS_SILENCE_SECS: a process that is not heard of for so long is gone."""
    start_secs: float = 300.0
    """QUALS_START_SECS: all processes must have come within this."""
    stall_secs: float = 3600.0
    """QUALS_STALL_SECS: a process that finishes no batch for so long hangs."""

    @classmethod
    def of(cls, env: Mapping[str, str]) -> "Limits":
        """The defaults and what the environment sets; ValueError for what is no such number."""
        given = {}
        for name in cls.__dataclass_fields__:
            variable = f"QUALS_{name.upper()}"
            if not (text := env.get(variable)):
                continue
            try:
                given[name] = float(text)
            except ValueError:
                given[name] = 0.0
            if not 0 < given[name] < 1e8:
                raise ValueError(f"{variable} is {text!r}, expected seconds, more than 0")
        return cls(**given)


_moved = time.monotonic()
_waits = 0  # how many `waiting` blocks the main thread is in


def progress() -> None:
    """This process got something done."""
    global _moved
    _moved = time.monotonic()


@contextmanager
def waiting() -> Iterator[None]:
    """A block in which this process may wait for others as long as they live."""
    global _waits
    _waits += 1
    try:
        yield
    finally:
        _waits -= 1
        progress()


def open_links(
    index: int, count: int, tell: Callable[[str], None], ask: Callable[[], str], host: str
) -> Links:
    """Connections by process: process 0 has one to each, the others have one to process 0.

    Process 0 tells the others by ``tell`` where it listens, and they ``ask``; it is on ``host``.
    """
    if index:
        port, word = ask().split()
        link = socket.create_connection((host, int(port)), timeout=30)
        link.sendall(f"{word} {index}\n".encode())
        return {0: link}
    dual = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if dual else socket.AF_INET
    word = secrets.token_hex(16)  # whoever else finds the port is not of this run
    links: Links = {}
    with socket.create_server(("", 0), family=family, dualstack_ipv6=dual, backlog=count) as server:
        tell(f"{server.getsockname()[1]} {word}")
        while len(links) < count - 1:
            link, _ = server.accept()
            link.settimeout(5)
            try:
                said = link.makefile("rb").readline(100).split()
            except OSError:
                said = []
            if len(said) == 2 and said[0] == word.encode():
                links[int(said[1])] = link
            else:
                link.close()
    return links


class Heartbeats:
    """See the module's docstring. A line is a beat (empty), ``bye PROCESS`` or ``gone REASON``."""

    def __init__(self, index: int, count: int, links: Links, limits: Limits):
        self._index, self._count, self._links, self._limits = index, count, links, limits
        self._left: dict[int, float] = {}  # processes that said bye, and when
        self._dying = threading.Lock()

    def start(self) -> None:
        """Begins to beat and to listen, until the process ends."""
        progress()
        for peer, link in self._links.items():
            link.settimeout(self._limits.silence_secs)
            self._thread(self._listen, peer, link)
        self._thread(self._beat)
        if self._index:
            _delay_abort()
        atexit.register(self._say_goodbye)

    def _thread(self, work: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=work, args=arguments, name="heartbeats", daemon=True).start()

    def _listen(self, peer: int, link: socket.socket) -> None:
        what = "its connection broke: it was killed, it crashed, or its host went down"
        try:
            for line in link.makefile("rb"):
                word, _, rest = line.decode().strip().partition(" ")
                if word == "gone":
                    self._end(rest)
                elif word == "bye":
                    self._send(f"bye {rest}", but=peer)
                    self._left[int(rest)] = time.monotonic()
        except TimeoutError:
            what = (
                f"nothing was heard of it for {self._limits.silence_secs:g} s: it is stopped, or "
                "its host or the network is down"
            )
        except OSError:
            pass
        if peer not in self._left:
            self._end(f"process {peer} is gone, {what}")

    def _beat(self) -> None:
        while True:
            time.sleep(_BEAT_SECS)
            self._send("")
            now = time.monotonic()
            if not _waits and now - _moved > self._limits.stall_secs:
                self._end(
                    f"process {self._index} finished nothing for {self._limits.stall_secs:g} s "
                    f"(QUALS_STALL_SECS); it is at {_place()}"
                )
            # Later than silence is noticed: what ended that process may be a third one's silence.
            grace = self._limits.silence_secs + 5 * _BEAT_SECS
            for peer, when in list(self._left.items()):
                if self._index not in self._left and now - when > grace:
                    self._end(f"process {peer} ended before process {self._index}, see its message")

    def _send(self, line: str, but: int | None = None) -> None:
        for peer, link in self._links.items():
            if peer != but:
                with suppress(OSError):  # whoever listens to it tells
                    link.sendall(f"{line}\n".encode())

    def _end(self, reason: str) -> None:
        """Tells the others, says why, and ends the process on the spot."""
        self._dying.acquire()  # never released: one reason is enough
        cursor = "\x1b[?25h" if sys.stderr.isatty() else ""  # a progress bar had hidden it
        text = f"{cursor}error: {reason}. The run of {self._count} processes ends. {_AGAIN}\n"
        os.write(2, text.encode())
        self._send(f"gone {reason}")
        os._exit(1)

    def _say_goodbye(self) -> None:
        """Waits for the others to end too; where they do not, they must not wait for this one."""
        self._send(f"bye {self._index}")
        self._left[self._index] = time.monotonic()
        deadline = time.monotonic() + self._limits.silence_secs + 10 * _BEAT_SECS
        while len(self._left) < self._count:
            if time.monotonic() > deadline:
                sys.stdout.flush()
                os._exit(1)
            time.sleep(0.02)


def _delay_abort() -> None:
    """Gives the threads above 6 seconds to tell why process 0 is gone, before XLA aborts.

    XLA sees it in the same moment as they do and aborts, which no exception handler can prevent.
    The C function sleep as the handler of the signal takes its number, 6, for seconds, and abort
    goes on behind it.
    """
    libc = ctypes.CDLL(None)
    libc.signal(int(signal.SIGABRT), ctypes.cast(libc.sleep, ctypes.c_void_p))


def _place() -> str:
    """Where the main thread is: the innermost of our own lines."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    innermost = frame
    while frame is not None and not frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    frame = frame or innermost
    if frame is None:
        return "its end"
    return f"{frame.f_code.co_filename}:{frame.f_lineno}, in {frame.f_code.co_name}"

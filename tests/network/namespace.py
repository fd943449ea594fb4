"""A network namespace with a cable to this one, for Linux and root."""

import os
import shutil
import subprocess

HERE, THERE = "10.213.7.1", "10.213.7.2"  # a network of two addresses


class Namespace:
    """``with Namespace() as there``: processes started by ``there.prefix`` are reached at THERE."""

    def __init__(self):
        self._name = f"quals{os.getpid()}"
        self._cable = f"q{os.getpid()}"
        self.prefix = ("ip", "netns", "exec", self._name)

    def __enter__(self) -> "Namespace":
        there = f"{self._cable}t"
        _ip("netns", "add", self._name)
        try:
            _ip("link", "add", self._cable, "type", "veth", "peer", "name", there)
            _ip("link", "set", there, "netns", self._name)
            _ip("addr", "add", f"{HERE}/30", "dev", self._cable)
            _ip("link", "set", self._cable, "up")
            _ip("-n", self._name, "addr", "add", f"{THERE}/30", "dev", there)
            _ip("-n", self._name, "link", "set", there, "up")
            _ip("-n", self._name, "link", "set", "lo", "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def cut(self) -> None:
        """Pulls the cable: nothing arrives any more, and nobody is told."""
        _ip("link", "set", self._cable, "down")

    def __exit__(self, *error: object) -> None:
        subprocess.run(["ip", "link", "del", self._cable], capture_output=True, check=False)
        _ip("netns", "del", self._name)


def why_not() -> str:
    """Why there can be no namespace here; empty where there can."""
    if os.name != "posix" or os.geteuid() != 0:
        return "only root may make them"
    if shutil.which("ip") is None:
        return "there is no program ip (apt-get install iproute2)"
    try:
        with Namespace():
            return ""
    except subprocess.CalledProcessError as error:
        return error.stderr.decode().strip()


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], capture_output=True, check=True)

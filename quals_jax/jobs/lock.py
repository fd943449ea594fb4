"""One process per output: a lock file that names its holder and dies with it."""

import errno
import fcntl
import json
import os
import socket
import time
from pathlib import Path
from typing import BinaryIO

_NO_FLOCK = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)  # some cluster file systems


class LockedError(RuntimeError):
    """Another process works on the same output."""


class FileLock:
    """``with FileLock(path): ...`` or LockedError at once. Creates the folder of the file.

    The kernel holds the lock (flock), so that of a dead process is free again and is taken over.
    The file says who holds it: for people, for file systems without flock (there a live process
    id counts) and for other hosts, whose file is respected until somebody deletes it. With
    ``across_hosts`` False it is not: for jobs that must start on a new host by themselves.
    """

    def __init__(self, path: Path, *, across_hosts: bool = True):
        self.path, self._across_hosts = path, across_hosts
        self._file: BinaryIO | None = None

    def __enter__(self) -> "FileLock":
        while self._file is None:
            self.path.parent.mkdir(exist_ok=True)
            try:
                file = self.path.open("ab+")  # created where missing, never emptied by opening
            except FileNotFoundError:
                continue  # the former holder removed the folder between the two lines
            try:
                self._take(file)
            except BaseException:
                file.close()
                raise
        return self

    def _take(self, file: BinaryIO) -> None:
        holder = _holder(file)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(self._in_use(holder)) from None
        except OSError as error:
            if error.errno not in _NO_FLOCK:
                raise
            if _is_running(holder):
                raise LockedError(self._in_use(holder)) from None
        if not self._is_current(file):
            file.close()  # deleted by its former holder while we opened it: open anew
            return
        holder = _holder(file)
        here = socket.gethostname()
        if self._across_hosts and holder.get("host", here) != here:
            advice = f"If that host no longer works on it, delete {self.path}"
            raise LockedError(f"{self._in_use(holder)}. {advice}")
        started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        me = {"pid": os.getpid(), "host": socket.gethostname(), "started": started}
        file.truncate(0)
        file.write(json.dumps(me).encode() + b"\n")
        file.flush()
        self._file = file

    def _is_current(self, file: BinaryIO) -> bool:
        try:
            return os.path.samestat(os.fstat(file.fileno()), self.path.stat())
        except FileNotFoundError:
            return False

    def _in_use(self, holder: dict[str, object]) -> str:
        return (
            f"{self.path.parent} is in use by process {holder.get('pid', '?')} "
            f"on {holder.get('host', '?')}, started {holder.get('started', '?')}"
        )

    def __exit__(self, *error: object) -> None:
        """Empties and frees the file, which may be gone together with its folder."""
        assert self._file is not None
        self._file.truncate(0)
        self._file.close()
        self._file = None


def _holder(file: BinaryIO) -> dict[str, object]:
    """What the file says about its holder; nothing when it is empty or half-written."""
    file.seek(0)
    try:
        holder = json.loads(file.read(4096))
    except ValueError:
        return {}
    return holder if isinstance(holder, dict) else {}


def _is_running(holder: dict[str, object]) -> bool:
    pid = holder.get("pid")
    if holder.get("host") != socket.gethostname() or not isinstance(pid, int):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it runs, as somebody else
    return pid != os.getpid()

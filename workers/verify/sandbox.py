"""L4: a project's own test command in a sandbox, for the person who asks for it.

The command runs on a copy of the project: without a network, with nothing writable but the copy, with bounds on time,
memory and output. On macOS `sandbox-exec` holds it, on Linux namespaces do (bubblewrap, else `unshare`). Where
neither works it is refused: a stranger's tests never run without one.
"""

from __future__ import annotations

import functools
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from daemon.errors import ScannerUnavailable
from workers.source.tree import safe_path
from workers.verify.process import execute, said
from workers.verify.scratch import Scratch

MAX_COPY_BYTES = 4 * 2**30
_MEMORY_KIB = 8 * 2**20
_PROBE_SECONDS = 20
# /run holds the sockets of services that do more than the tests may (a container engine's).
# Every mount but the work folder's becomes read-only; the second unshare locks that, and drops the rights to undo it.
_NAMESPACES = """
set -e
mount --make-rprivate /
mount --bind "$SECAID_WORK" "$SECAID_WORK"
mount -t tmpfs -o size=1m tmpfs /run
while read -r _ _ _ _ place _; do
  case "$place" in "$SECAID_WORK"|"$SECAID_WORK"/*|/proc|/proc/*) ;;
  *) mount -o remount,bind,ro "$place" 2>/dev/null || [ "$place" != / ] ;;
  esac
done < /proc/self/mountinfo
cd "$SECAID_WORK/tree"
ulimit -v "$SECAID_MEMORY"
ulimit -c 0
exec unshare --user --map-root-user --mount -- /bin/sh -c "$SECAID_COMMAND"
"""
_PROFILE = """(version 1)
(allow default)
(deny network*)
(deny file-write*)
(allow file-write* (subpath (param "WORK")) (literal "/dev/null") (literal "/dev/tty") (regex #"^/dev/fd/"))
"""


class Tested(msgspec.Struct, frozen=True):
    """What a test command said."""

    passed: bool
    words: str
    """The last of its output."""


class Sandbox:
    """Runs one test command on copies of one project."""

    def __init__(self, folder: Path, command: str, *, timeout: float) -> None:
        self._folder = folder
        self._command = command
        self._timeout = timeout
        self._kind = kind()

    def passes(self, files: Mapping[str, bytes]) -> Tested:
        """Whether the command ends with 0 on the project with these files in place.

        One that does not end, or writes without end, does not pass.

        Raises:
            ScannerUnavailable: the project is too large to copy.
        """
        with Scratch("test") as place:
            work = Path(place).resolve()
            self._copy(work / "tree")
            for path, content in files.items():
                (work / "tree" / safe_path(path)).write_bytes(content)
            (work / "home").mkdir()
            try:
                done = execute(
                    _wrapped(self._kind, work, self._command),
                    folder=work / "tree",
                    timeout=self._timeout,
                    env=_environment(work, self._command),
                    allowed=None,
                    name="the command",
                )
            except ScannerUnavailable as error:
                return Tested(passed=False, words=str(error))
        return Tested(done.code == 0, said(done.stdout + b"\n" + done.stderr))

    def _copy(self, target: Path) -> None:
        total = sum(file.lstat().st_size for file in self._folder.rglob("*"))
        if total > MAX_COPY_BYTES:
            message = f"{self._folder} is over {MAX_COPY_BYTES >> 30} GiB: too large to test on a copy"
            raise ScannerUnavailable(message)
        shutil.copytree(self._folder, target, symlinks=True, ignore=_special)


def kind() -> str:
    """Which sandbox works on this machine.

    Raises:
        ScannerUnavailable: none does; the message says what was tried.
    """
    found = _works()
    if found is None:
        tried = "sandbox-exec" if sys.platform == "darwin" else "bubblewrap and user namespaces (`unshare`)"
        message = f"L4 needs a sandbox and {tried} cannot make one here: run the project's tests yourself"
        raise ScannerUnavailable(message)
    return found


@functools.cache
def _works() -> str | None:
    for name in ("sandbox-exec",) if sys.platform == "darwin" else ("bwrap", "unshare"):
        if shutil.which(name) and _tried(name):
            return name
    return None


def _tried(name: str) -> bool:
    """A sandbox counts where the work folder can be written and nothing beside it."""
    with Scratch("probe") as place:
        work = Path(place).resolve() / "work"
        (work / "tree").mkdir(parents=True)
        (work / "home").mkdir()
        command = "touch inside && ! touch ../../outside"
        try:
            done = execute(
                _wrapped(name, work, command),
                folder=work / "tree",
                timeout=_PROBE_SECONDS,
                env=_environment(work, command),
                allowed=None,
            )
        except ScannerUnavailable:
            return False
        return done.code == 0 and (work / "tree" / "inside").exists()


def _wrapped(name: str, work: Path, command: str) -> list[str]:
    if name == "sandbox-exec":
        return ["/usr/bin/sandbox-exec", "-p", _PROFILE, "-D", f"WORK={work}", "/bin/sh", "-c", command]
    if name == "bwrap":
        limited = f"ulimit -v {_MEMORY_KIB}; ulimit -c 0; {command}"
        return [
            *("bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/", "/", "--dev", "/dev"),
            *("--proc", "/proc", "--tmpfs", "/run", "--bind", str(work), str(work), "--chdir", str(work / "tree")),
            *("/bin/sh", "-c", limited),
        ]
    return [
        *("unshare", "--user", "--map-root-user", "--mount", "--net", "--pid", "--ipc", "--fork", "--kill-child"),
        *("--mount-proc", "/bin/sh", "-c", _NAMESPACES),
    ]


def _environment(work: Path, command: str) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(work / "home"),
        "TMPDIR": str(work / "home"),
        "SECAID_WORK": str(work),
        "SECAID_COMMAND": command,
        "SECAID_MEMORY": str(_MEMORY_KIB),
    }


def _special(folder: str, names: list[str]) -> set[str]:
    """Sockets, pipes and devices are not copied."""
    places = ((name, Path(folder) / name) for name in names)
    return {name for name, place in places if not (place.is_symlink() or place.is_file() or place.is_dir())}

"""Running a scanner: bounded in time and output, in its own process group, with an environment that holds no secret."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from daemon.errors import ScannerStuck, ScannerUnavailable
from workers.verify.scanner import Completed
from workers.verify.scratch import Scratch

RUNNING: set[subprocess.Popen[bytes]] = set()
"""What `stop_all` ends: every scanner at work, warm ones too."""
MAX_OUTPUT_BYTES = 256 * 2**20
_SAID_CHARACTERS = 300
SYSTEM_PATH = "/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin"


def environment(executable: str, home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a scanner sees: its own programs, an empty home, nothing of the user's (tokens least of all), no network.

    A proxy that refuses connections stands in for a firewall where a scanner ignores its offline flag.
    """
    return {
        "PATH": f"{Path(executable).parent}:{SYSTEM_PATH}",
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9",
        **(extra or {}),
    }


def execute(
    command: Sequence[str],
    *,
    folder: Path,
    timeout: float,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    allowed: Sequence[int] | None = (0,),
    name: str = "",
) -> Completed:
    """Run a command to its end; `allowed=None` takes every exit code. `name` is what its errors call it.

    Raises:
        ScannerUnavailable: it could not start, wrote too much, or left with another code.
        ScannerStuck: it ran too long.
    """
    name = name or Path(command[0]).name
    with Scratch("run") as home, tempfile.TemporaryFile() as out:
        variables = environment(command[0], Path(home), env)
        with tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as given:
            given.write(stdin)
            given.seek(0)
            code = _wait(_start(command, folder, variables, (given, out, err)), name, timeout)
            done = Completed(stdout=_all(out, name), stderr=_all(err, name), code=code)
    if allowed is not None and done.code not in allowed:
        message = f"{name} left with exit code {done.code}: {said(done.stderr or done.stdout)}"
        raise ScannerUnavailable(message)
    return done


def said(output: bytes) -> str:
    """The last words of an output, for a message."""
    text = output.decode("utf-8", "replace").strip()
    return " ".join(text.split())[-_SAID_CHARACTERS:] or "it said nothing"


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and everything it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS denies it for a group that has just ended.
        return
    finally:
        process.wait()


def stop_all() -> None:
    """End every scanner that runs now: they have process groups of their own, which an interruption does not reach."""
    for process in list(RUNNING):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _start(
    command: Sequence[str], folder: Path, env: Mapping[str, str], files: tuple[IO[bytes], IO[bytes], IO[bytes]]
) -> subprocess.Popen[bytes]:
    given, out, err = files
    try:
        return subprocess.Popen(
            command, cwd=folder, env=dict(env), stdin=given, stdout=out, stderr=err, start_new_session=True
        )
    except OSError as error:
        message = f"{command[0]} could not be started: {error.strerror}; run `secaid setup --scanners`"
        raise ScannerUnavailable(message) from error


def _wait(process: subprocess.Popen[bytes], name: str, timeout: float) -> int:
    RUNNING.add(process)
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired as error:
        message = f"{name} did not finish within {timeout:g} s; raise verification.timeout_seconds or scan fewer files"
        raise ScannerStuck(message) from error
    finally:
        RUNNING.discard(process)
        kill_group(process)


def _all(file: IO[bytes], name: str) -> bytes:
    if file.seek(0, os.SEEK_END) > MAX_OUTPUT_BYTES:
        message = f"{name} wrote more than {MAX_OUTPUT_BYTES >> 20} MiB"
        raise ScannerUnavailable(message)
    file.seek(0)
    return file.read()

"""Other fixers that run here, on a copy of the same files: each is given its best offline chance."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from daemon.errors import ScannerUnavailable
from workers.source.tree import FolderTree, SourceTree
from workers.verify.batch import Scanners
from workers.verify.kinds import is_action, is_dependabot, is_workflow, suffix
from workers.verify.scanners.zizmor import fixed

_SECONDS = 900


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """What a peer wrote."""

    name: str
    files: dict[str, bytes]
    seconds: float
    about: tuple[str, ...]
    """The scanners of which it fixes findings: the denominator of its rate."""
    failed: str | None = None


def peers(tree: SourceTree, scanners: Scanners, scratch: Path, *, codemodder: str | None) -> Iterator[Changed]:
    """Every peer that is installed here."""
    if "zizmor" in scanners.tools:
        yield _timed("zizmor --fix=all", ("zizmor",), lambda: _zizmor(tree, scanners))
    if ruff := shutil.which("ruff"):
        options = ("check", "--isolated", "--select=S", "--fix", "--unsafe-fixes", "--exit-zero", "--quiet")
        yield _timed(
            "ruff --select S --fix --unsafe-fixes",
            ("bandit",),
            lambda: _in_place(tree, scratch / "ruff", ruff, options),
        )
    semgrep = scanners.tools.get("semgrep")
    if semgrep and semgrep.rules:
        options = (
            "scan",
            "--config",
            semgrep.rules,
            "--autofix",
            "--metrics=off",
            "--disable-version-check",
            "--quiet",
        )
        yield _timed(
            "semgrep --autofix, the repository's rules",
            ("semgrep",),
            lambda: _in_place(tree, scratch / "semgrep", semgrep.executable, options, wanted=lambda _path: True),
        )
    if codemodder:
        yield _timed(
            "codemodder", ("bandit",), lambda: _in_place(tree, scratch / "codemodder", codemodder, (), last=True)
        )


def _timed(name: str, about: tuple[str, ...], change: Callable[[], dict[str, bytes]]) -> Changed:
    start = time.perf_counter()
    try:
        files, failed = change(), None
    except (ScannerUnavailable, OSError, subprocess.SubprocessError) as error:
        files, failed = {}, f"{type(error).__name__}: {error}"[:200]
    return Changed(name=name, files=files, seconds=time.perf_counter() - start, about=about, failed=failed)


def _zizmor(tree: SourceTree, scanners: Scanners) -> dict[str, bytes]:
    paths = [path for path in tree.paths() if is_workflow(path) or is_action(path) or is_dependabot(path)]
    contents = {path: tree.read(path) for path in paths}
    return fixed(scanners.tools["zizmor"], contents, timeout=_SECONDS) if contents else {}


def _python(path: str) -> bool:
    return suffix(path) == ".py"


def _in_place(
    tree: SourceTree,
    folder: Path,
    executable: str,
    options: Sequence[str],
    *,
    wanted: Callable[[str], bool] = _python,
    last: bool = False,
) -> dict[str, bytes]:
    """Run it over a copy of the wanted files; what differs afterwards."""
    contents = {path: tree.read(path) for path in tree.paths() if wanted(path)}
    for path, content in contents.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    if not contents:
        return {}
    command = [executable, str(folder), *options] if last else [executable, *options, "."]
    path = os.pathsep.join((str(Path(executable).parent), os.environ.get("PATH", os.defpath)))
    environment = {**os.environ, "PATH": path, "SEMGREP_SEND_METRICS": "off", "SEMGREP_ENABLE_VERSION_CHECK": "0"}
    subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=_SECONDS, env=environment)
    after = FolderTree(folder)
    return {path: now for path, content in contents.items() if (now := after.read(path)) != content}

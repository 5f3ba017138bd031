"""Scanners' own environments: found where `secaid setup` made them or on PATH, and made there.

Nothing is ever downloaded at scan time; `install` is the only function here that reaches a package registry.
"""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from daemon.errors import ScannerUnavailable
from workers.verify.process import execute, said
from workers.verify.scanner import SCANNERS, Adapter, Tool

_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)*(?:[-.+][0-9A-Za-z.]+)?")
_VERSION_SECONDS = 60
_INSTALL_SECONDS = 1800
_NPM = "npm:"
_VERSION_FILE = ".secaid-version"
_JOIN_RULES = Path(__file__).with_name("join_rules.py")


def locate(name: str, folders: Sequence[Path]) -> str | None:
    """The scanner's executable: `FOLDER/NAME/bin/NAME`, else on PATH."""
    for folder in folders:
        for place in (folder / name / "bin" / name, folder / name / "node_modules" / ".bin" / name):
            if place.is_file():
                return str(place.absolute())
    return shutil.which(name)


def find(adapter: Adapter, folders: Sequence[Path]) -> Tool:
    """The installed scanner, with its version.

    Raises:
        ScannerUnavailable: it is not installed, or does not start.
    """
    executable = locate(adapter.name, folders)
    if executable is None:
        message = f"{adapter.name} is not installed: run `secaid setup --scanners {adapter.name}`"
        raise ScannerUnavailable(message)
    own = any(Path(executable).is_relative_to(folder.absolute()) for folder in folders)
    if own and (lacking := [program for program in adapter.needs if shutil.which(program) is None]):
        message = f"{adapter.name} needs {' and '.join(lacking)} on PATH: install it, or do without {adapter.name}"
        raise ScannerUnavailable(message)
    known = _installed_version(adapter.name, executable) or _recorded_version(adapter.name, executable)
    version = known or _version(executable, tuple(adapter.version_arguments))
    return Tool(name=adapter.name, executable=executable, version=version)


def available(folders: Sequence[Path], only: Iterable[str] | None = None) -> tuple[list[Tool], dict[str, str]]:
    """The scanners that run here, and why each of the others does not."""
    wanted = set(only) if only is not None else None
    tools: list[Tool] = []
    missing: dict[str, str] = {}
    for adapter in SCANNERS:
        if wanted is not None and adapter.name not in wanted:
            continue
        try:
            tools.append(find(adapter, folders))
        except ScannerUnavailable as error:
            missing[adapter.name] = str(error)
    return tools, missing


def install(name: str, folder: Path, progress: Callable[[str], None] = lambda _line: None) -> Tool:
    """Make the scanner's environment below `folder`, with the pinned version; one that is whole is kept.

    Raises:
        KeyError: no adapter has that name.
        ScannerUnavailable: the installation failed; the message ends with what the installer said.
    """
    adapter = SCANNERS.get(name)
    place = folder / name
    stamp = place / ".secaid-requirement"
    wanted = " ".join((adapter.requirement, *adapter.extra, *adapter.rule_folders))
    if not (stamp.exists() and stamp.read_text(encoding="utf-8") == wanted):
        progress(f"installing {' '.join((adapter.requirement, *adapter.extra))}")
        # An environment cannot be moved once made; without its stamp it counts as unfinished and is made again.
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        for command in _commands(adapter, place):
            _installer(command, name)
        tool = find(adapter, [folder])
        (place / _VERSION_FILE).write_text(tool.version, encoding="utf-8")
        stamp.write_text(wanted, encoding="utf-8")
    return find(adapter, [folder])


def _commands(adapter: Adapter, place: Path) -> list[list[str]]:
    if adapter.requirement.startswith(_NPM):
        package = adapter.requirement.removeprefix(_NPM)
        return [["npm", "install", "--prefix", str(place), "--ignore-scripts", "--no-audit", "--no-fund", package]]
    python = str(place / "bin" / "python")
    joined = [[python, "-I", str(_JOIN_RULES), adapter.name, *adapter.rule_folders]] if adapter.rule_folders else []
    return [
        [sys.executable, "-m", "venv", str(place)],
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", adapter.requirement, *adapter.extra],
        *joined,
    ]


def _installer(command: list[str], name: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_INSTALL_SECONDS)
    except FileNotFoundError as error:
        message = f"{name} cannot be installed: {command[0]} is not here"
        raise ScannerUnavailable(message) from error
    except subprocess.TimeoutExpired as error:
        message = f"{name} was not installed within {_INSTALL_SECONDS} s; try again with a better connection"
        raise ScannerUnavailable(message) from error
    except subprocess.CalledProcessError as error:
        message = f"{name} was not installed: {said(error.stderr or error.stdout)}"
        raise ScannerUnavailable(message) from error


def _installed_version(name: str, executable: str) -> str | None:
    """What a Python scanner's own environment says: starting Checkov to ask it takes four seconds."""
    library = Path(executable).parent.parent / "lib"
    stem = re.sub(r"[-_.]+", "_", name)
    for place in library.glob(f"python3*/site-packages/{stem}-*.dist-info"):
        return place.name.removesuffix(".dist-info").rpartition("-")[2]
    return None


def _recorded_version(name: str, executable: str) -> str | None:
    """What it said when it was installed: a virtual machine takes a second to start only to be asked again."""
    for place in Path(executable).parents:
        if place.name == name and (place / _VERSION_FILE).is_file():
            return (place / _VERSION_FILE).read_text(encoding="utf-8")
    return None


@functools.cache
def _version(executable: str, arguments: tuple[str, ...]) -> str:
    done = execute([executable, *arguments], folder=Path("/"), timeout=_VERSION_SECONDS)
    match = _VERSION.search((done.stdout + done.stderr).decode("utf-8", "replace"))
    if match is None:
        message = f"{executable} does not say its version"
        raise ScannerUnavailable(message)
    return match[0]

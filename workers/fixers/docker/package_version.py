"""Packages installed without a version."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from daemon.errors import SourceUnavailable
from workers.fixers.docker.build import candidate, flagged
from workers.fixers.docker.script import Command, Script, Word
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.tree import SourceTree

_PYTHON = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[\w,.-]+\])?")
_NODE = re.compile(r"(?:@[\w.-]+/)?[\w.-]+")
_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*==\s*([\w.!+-]+)", re.MULTILINE)
_LISTS = re.compile(r"(?:^|/)(?:requirements|constraints)[\w.-]*\.(?:txt|lock)$")
_LOCKS = frozenset(("poetry.lock", "uv.lock", "Pipfile.lock", "package-lock.json", "npm-shrinkwrap.json"))
_PIP_TAKES = {
    "-r", "-c", "-i", "-f", "-t", "-e", "--requirement", "--constraint", "--index-url", "--extra-index-url", "--root",
    "--find-links", "--target", "--prefix", "--timeout", "--trusted-host", "--editable", "--only-binary", "--no-binary",
}  # fmt: skip
_DEPTH = 2


@fixer(
    name="docker-package-version",
    weakness="package without a version",
    rules={
        "hadolint": ["DL3013", "DL3016", "DL3018", "DL3028", "DL3033", "DL3037", "DL3041", "DL3062"],
    },
    explain="""A package without a version is whatever the index has on the day of the build: two builds of one commit
differ, and a bad release reaches every image at once. A pinned version changes only by a commit.

A version is written only where the repository itself says which: a lock file or a list of requirements that names
the package. apk and yum delete old versions from their mirrors, so a pin there breaks builds unless the base image is
pinned by digest and the mirror is a snapshot: nothing is guessed.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """The version that a lock file of the repository has."""
    file, one = flagged(target, "RUN")
    rule = target.finding.rule
    if rule not in {"DL3013", "DL3016"}:
        message = (
            "which version of the package was tested is written nowhere in the repository, and none is guessed; a "
            "distribution's mirror also drops old versions: pin the base image and install from a snapshot instead"
        )
        raise NoFix(message)
    script = Script(file, one)
    wanted = list(_python(script)) if rule == "DL3013" else list(_node(script))
    folder = file.path.rpartition("/")[0]
    known = _python_versions(target.tree, folder) if rule == "DL3013" else _node_versions(target.tree, folder)
    unknown = [name for _, name in wanted if _normal(name) not in known]
    if not wanted or unknown:
        message = f"no lock file of the repository says which version of {', '.join(unknown[:3]) or 'it'} is meant"
        raise NoFix(message)
    sign = "==" if rule == "DL3013" else "@"
    edits = [file.edit(word.end, word.end, f"{sign}{known[_normal(name)]}") for word, name in wanted]
    how = "Installs the version that the repository's own lock file has: the image and the tests agree."
    yield candidate("version-of-lock-file", edits, how, ["RUN"])


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.partition("[")[0]).lower() if not name.startswith("@") else name


def _python(script: Script) -> Iterator[tuple[Word, str]]:
    for call in script.commands:
        install = _install(call, r"pip[\d.]*")
        if install is None:
            continue
        for word in _operands(call, install, _PIP_TAKES):
            if _PYTHON.fullmatch(word.text) and word.text != ".":
                yield word, word.text


def _node(script: Script) -> Iterator[tuple[Word, str]]:
    for call in script.named("npm"):
        install = call.sub("install", "i", "add")
        if install is not None:
            for word in _operands(call, install, {"--prefix", "--registry", "-C", "--loglevel"}):
                if _NODE.fullmatch(word.text) and word.text != ".":
                    yield word, word.text


def _install(call: Command, program: str) -> Word | None:
    words = call.arguments
    if re.fullmatch(r"python[\d.]*", call.name) and [word.text for word in words[:2]] == ["-m", "pip"]:
        words = words[2:]
    elif not re.fullmatch(program, call.name):
        return None
    first = next((word for word in words if not word.text.startswith("-")), None)
    return first if first is not None and first.text == "install" else None


def _operands(call: Command, install: Word, takes: set[str]) -> Iterator[Word]:
    skip = False
    for word in call.arguments:
        if word.start <= install.start:
            continue
        if skip or word.text.startswith("-"):
            skip = not skip and word.text in takes
            continue
        yield word


def _python_versions(tree: SourceTree, folder: str) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for path, text in _near(tree, folder):
        name = path.rpartition("/")[2]
        pairs: list[tuple[str, str]] = []
        if _LISTS.search(path):
            pairs = _PINNED.findall(text)
        elif name in {"poetry.lock", "uv.lock"}:
            pairs = _toml(text)
        elif name == "Pipfile.lock":
            pairs = _pipfile(text)
        for package, version in pairs:
            found.setdefault(_normal(package), set()).add(version)
    return {package: versions.pop() for package, versions in found.items() if len(versions) == 1}


def _node_versions(tree: SourceTree, folder: str) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for path, text in _near(tree, folder):
        if path.endswith((".json",)) and path.rpartition("/")[2] in _LOCKS and "Pipfile" not in path:
            packages = _json(text).get("packages")
            for key, entry in (packages if isinstance(packages, dict) else {}).items():
                if (
                    key.count("node_modules/") == 1
                    and isinstance(entry, dict)
                    and isinstance(entry.get("version"), str)
                ):
                    found.setdefault(_normal(key.partition("node_modules/")[2]), set()).add(entry["version"])
    return {package: versions.pop() for package, versions in found.items() if len(versions) == 1}


def _near(tree: SourceTree, folder: str) -> Iterator[tuple[str, str]]:
    """The lock files and lists of the project that the Dockerfile belongs to: beside it, above it, or near below."""
    for path in tree.paths():
        if _of_project(path, folder) and (path.rpartition("/")[2] in _LOCKS or _LISTS.search(path)):
            try:
                yield path, tree.read(path).decode("utf-8", "replace")
            except SourceUnavailable:
                continue


def _of_project(path: str, folder: str) -> bool:
    """Whether a file stands in a folder above the Dockerfile, in one of lists there, or not far below it."""
    home = path.rpartition("/")[0]
    lists = re.sub(r"(?:^|/)(?:requirements|constraints|deps|dependencies)$", "", home)
    if any(f"{folder}/".startswith(f"{each}/" if each else "") for each in (home, lists)):
        return True
    return path.startswith(f"{folder}/" if folder else "") and path[len(folder) :].strip("/").count("/") <= _DEPTH


def _toml(text: str) -> list[tuple[str, str]]:
    try:
        packages = tomllib.loads(text).get("package", [])
    except tomllib.TOMLDecodeError:
        return []
    return [
        (each["name"], each["version"])
        for each in packages
        if isinstance(each, dict) and {"name", "version"} <= each.keys()
    ]


def _json(text: str) -> dict[str, object]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _pipfile(text: str) -> list[tuple[str, str]]:
    sections = [_json(text).get(name) for name in ("default", "develop")]
    return [
        (package, str(entry["version"]).removeprefix("=="))
        for section in sections
        if isinstance(section, dict)
        for package, entry in section.items()
        if isinstance(entry, dict) and "version" in entry
    ]

"""What a RUN installs by name with pip, npm, gem, go or apk, and that names no version."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from daemon.domain.fix import Edit
from workers.fixers.docker.shell.command import Command, Word
from workers.fixers.docker.shell.script import Script
from workers.source.dockerfile import Dockerfile

_PYTHON = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[\w,.-]+\])?")
_NODE = re.compile(r"(?:@[\w.-]+/)?[\w.-]+")
_GEM = re.compile(r"[\w.-]+")
_GO = re.compile(r"[\w.-]+\.[a-z]+/[\w./-]+@latest")
_ALPINE = re.compile(r"[a-z0-9][\w.+-]*")
_PIP_TAKES = {
    "-r", "-c", "-i", "-f", "-t", "-e", "--requirement", "--constraint", "--index-url", "--extra-index-url", "--root",
    "--find-links", "--target", "--prefix", "--timeout", "--trusted-host", "--editable", "--only-binary", "--no-binary",
    "--retries", "--default-timeout", "--upgrade-strategy", "--python-version", "--platform", "--abi",
}  # fmt: skip
_NPM_TAKES = {"--prefix", "--registry", "-C", "--loglevel", "--cache", "--omit", "--include"}
_GEM_TAKES = {"-v", "--version", "-i", "--install-dir", "-n", "--bindir", "-s", "--source", "--platform"}
_APK_TAKES = {"-t", "--virtual", "-X", "--repository", "--repositories-file", "-p", "--root", "--arch", "--keys-dir"}
_ELSEWHERE = re.compile(
    r"^(?:-i|-f|--index-url|--extra-index-url|--find-links|--no-index|--pre|--registry|-s|--source|--prerelease)(?:=|$)"
)


_REDIRECTED = re.compile(rb"[<>][^\s;&|\"']*")


class Named(msgspec.Struct, frozen=True):
    """A package by name."""

    start: int
    """Where the word begins, in bytes of the file, quotes included."""
    end: int
    text: str
    """As written, quotes taken off: `flask[async]`."""
    elsewhere: str | None
    """The option by which its command asks another index, or for pre-releases."""

    @property
    def name(self) -> str:
        """The name as Python's index compares it."""
        return re.sub(r"[-_.]+", "-", self.text.partition("[")[0]).lower()


def versioned(file: Dockerfile, each: Named, version: str, name: str | None = None) -> Edit:
    """The package, or another name for it, with a version behind it, in quotes where a shell would read that."""
    old = file.slice(each.start, each.end)
    quote = old[0] if old[0] in "'\"" else '"' if set("<>*^") & set(version) else ""
    return file.edit(each.start, each.end, f"{quote}{name or each.text}{version}{quote}")


def redirected(file: Dockerfile, each: Named) -> str:
    """What stands behind the name without quotes and so is a redirection: `>=1.3.0`; empty where nothing does."""
    match = _REDIRECTED.match(file.content, each.end)
    return match[0].decode() if match else ""


def python_packages(script: Script) -> Iterator[Named]:
    """What pip installs."""
    for call in script.commands:
        words = call.arguments
        if re.fullmatch(r"python[\d.]*", call.name) and [word.text for word in words[:2]] == ["-m", "pip"]:
            words = words[2:]
        elif not re.fullmatch(r"pip[\d.]*", call.name):
            continue
        first = next((word for word in words if not word.text.startswith("-")), None)
        if first is not None and first.text == "install":
            yield from _named(call, first, _PIP_TAKES, _PYTHON)


def node_packages(script: Script) -> Iterator[Named]:
    """What npm installs."""
    for call in script.named("npm"):
        install = call.sub("install", "i", "add")
        if install is not None:
            yield from _named(call, install, _NPM_TAKES, _NODE)


def gems(script: Script) -> Iterator[Named]:
    """What gem installs; nothing where an option gives the version."""
    for call in script.named("gem"):
        install = call.sub("install", "i")
        if install is not None and not call.says("-v", "--version"):
            yield from _named(call, install, _GEM_TAKES, _GEM)


def go_packages(script: Script) -> Iterator[Named]:
    """What `go install` takes at `@latest`."""
    for call in script.named("go"):
        install = call.sub("install")
        if install is not None:
            yield from _named(call, install, set(), _GO)


def alpine_packages(script: Script) -> Iterator[Named]:
    """What apk installs."""
    for call in script.named("apk"):
        add = call.sub("add")
        if add is not None:
            yield from _named(call, add, _APK_TAKES, _ALPINE)


def _named(call: Command, install: Word, takes: set[str], pattern: re.Pattern[str]) -> Iterator[Named]:
    elsewhere = next((match[0] for word in call.arguments if (match := _ELSEWHERE.match(word.text))), None)
    skip = False
    for word in call.arguments:
        if word.start <= install.start:
            continue
        if skip or word.text.startswith("-"):
            skip = not skip and word.text in takes
            continue
        text = _bare(word.text)
        if pattern.fullmatch(text) and text.strip(".") and not text.startswith("./"):
            yield Named(word.start, word.end, text, elsewhere)


def _bare(text: str) -> str:
    quoted = len(text) > 1 and text[0] in "'\"" and text[0] == text[-1]
    return text[1:-1] if quoted else text

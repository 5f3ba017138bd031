"""HEALTHCHECK instructions by a program that an image has, or is given."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import msgspec

from daemon.domain.fix import Candidate
from workers.fixers.docker.bases.images import Base
from workers.fixers.docker.build import candidate
from workers.fixers.docker.edits import insert_at_end
from workers.fixers.docker.service.asking import Asked, answer, by_shell, http, tcp
from workers.fixers.registry import NoFix
from workers.source.dockerfile import Dockerfile, Stage
from workers.source.images import latest_tags

_OPTIONS = "--interval=30s --timeout=5s --start-period=30s --retries=3"
_BARE = frozenset(("distroless", "scratch"))
_TABLE = frozenset(("debian", "alpine", "redhat", "suse"))
"""Distributions whose smallest image has grep."""
_LOGGED = frozenset((
    "21", "22", "23", "25", "110", "143", "445", "587", "1883", "2222", "2223", "3306", "3389", "5222", "5269", "5900",
    "8883",
))  # fmt: skip
"""Where people and mails log in, and where MySQL and brokers greet: a connection that says nothing is written down as
one that failed, every time."""
_FOLDER = "/usr/bin"


class Image(msgspec.Struct, frozen=True):
    """The image that is to be asked."""

    file: Dockerfile
    stage: Stage
    base: Base
    packages: frozenset[str]
    """What its steps, and those of the images of the repository below it, install."""


def probes(image: Image, port: str, asked: Asked | None) -> Iterator[Candidate]:
    """Each way to ask the port: over HTTP where a path is given, and whether something listens.

    Where that is one way alone, the kernel's table of what is listened on is another.
    """
    ways = list(_asking(image, port, asked)) if port not in _LOGGED or image.base.family not in _TABLE else []
    yield from ways
    if len(ways) <= 1 and image.base.family in _TABLE and port.isdigit():
        words = ["grep", *_listening(port)]
        how = (
            f"Looks for port {port} ({int(port):04X}) in the kernel's table of what is listened on. No connection is "
            "opened, which some servers log, and count, as one that failed."
        )
        yield check(image, "listening-socket", json.dumps(words), how)


def _listening(port: str) -> list[str]:
    """What grep is told to find a port by."""
    return ["-qE", f":{int(port):04X} [0-9A-F]+:0000 0A ", "/proc/net/tcp", "/proc/net/tcp6"]


def _looks(port: str) -> str:
    """What such a look-up does, as the rest of a sentence."""
    return f"looks for port {port} in the kernel's table of what is listened on and opens no connection"


def _asking(image: Image, port: str, asked: Asked | None) -> Iterator[Candidate]:
    if image.base.family in _BARE:
        if "$" not in port:
            yield from _copied(image, port, asked.path if asked and asked.known else None)
        if not image.base.image.startswith("gcr.io/distroless/nodejs"):
            return
    if asked is not None:
        url = f"http://127.0.0.1:{port}{asked.path}"
        ways = list(http(image.base, image.packages, url) if asked.known else answer(image.base, image.packages, port))
        ways = ways or list(by_shell(image.base, port, asked))
        what = "" if asked.known else " Any answer counts, since no path is known that it serves."
        for name, words in ways:
            how = f"Asks for {url} inside the container by {name}, which the image has.{what}"
            warning = "point it at a path that answers without a login and without touching other services"
            yield check(image, f"http-{name}", _command(words), how, [warning] if asked.path == "/" else [])
    if image.base.family is None and "$" not in port and not _has_any(image, port):
        if "$" in image.stage.origin.text:
            message = (
                f"{image.file.path}:{image.stage.origin.line} takes its image from whoever builds it: which programs "
                "are in it that could ask is known to them alone"
            )
            raise NoFix(message)
        yield from _brought(image, port, asked)
        return
    for name, words in tcp(image.base, image.packages, port):
        how = f"Opens port {port} inside the container by {name}, which the image has: something must listen there."
        yield check(image, f"port-{name}", _command(words), how)


def check(
    image: Image,
    approach: str,
    command: str,
    how: str,
    warnings: list[str] | None = None,
    *,
    options: str = _OPTIONS,
) -> Candidate:
    """The instruction in front of what the image starts."""
    file, stage = image.file, image.stage
    edit = insert_at_end(file, stage, _text(file, command, options))
    return candidate(approach, [edit], how, ["HEALTHCHECK"], warnings or [])


def _text(file: Dockerfile, command: str, options: str = _OPTIONS) -> str:
    return f"HEALTHCHECK {options} {file.escape}\n    CMD {command}"


def _copied(image: Image, port: str, path: str | None) -> Iterator[Candidate]:
    """One static program of BusyBox beside a program that stands alone: nothing else in the image could ask."""
    source = f"busybox:{latest_tags('busybox')[0][-1]}-musl"
    ways = {"nc": (["-z", "127.0.0.1", port], f"opens port {port}: something must listen there")}
    if port in _LOGGED:
        ways = {"grep": (_listening(port), _looks(port))}
    if path is not None:
        url = f"http://127.0.0.1:{port}{path}"
        ways = {"wget": (["-q", "-O", "/dev/null", url], f"asks for {url}"), **ways}
    if len(ways) == 1:
        ways.setdefault("grep", (_listening(port), _looks(port)))
    for name, (words, what) in ways.items():
        copy = f"COPY --from={source} /bin/{name} {_FOLDER}/{name}"
        text = f"{copy}\n{_text(image.file, json.dumps([f'{_FOLDER}/{name}', *words]))}"
        how = f"{image.base.image} has no program that could ask, so it gets BusyBox's static {name}, which {what}."
        warnings = [
            "the file is BusyBox whole, under this one name: where an image must hold nothing but its program, let the "
            "program ask itself by an option of its own",
        ]
        edit = insert_at_end(image.file, image.stage, text)
        yield candidate(f"copied-{name}", [edit], how, ["COPY", "HEALTHCHECK"], warnings)


def _has_any(image: Image, port: str) -> bool:
    """Whether the image is known to have a program that could ask."""
    url = f"http://127.0.0.1:{port}/"
    return any(tcp(image.base, image.packages, port)) or any(http(image.base, image.packages, url))


def _brought(image: Image, port: str, asked: Asked | None) -> Iterator[Candidate]:
    """BusyBox beside a program whose image is not known: one static file that runs on any Linux."""
    source, program = f"busybox:{latest_tags('busybox')[0][-1]}-musl", "/usr/local/bin/busybox"
    ways = {"nc": ([program, "nc", "-z", "127.0.0.1", port], f"opens port {port}: something must listen there")}
    if port in _LOGGED:
        ways = {"grep": ([program, "grep", *_listening(port)], _looks(port))}
    elif asked is not None and asked.known:
        url = f"http://127.0.0.1:{port}{asked.path}"
        ways = {"wget": ([program, "wget", "-q", "-O", "/dev/null", url], f"asks for {url}"), **ways}
    elif asked is not None:
        url = f"http://127.0.0.1:{port}{asked.path}"
        script = f"{program} wget -S -O /dev/null {url} 2>&1 | {program} grep -q HTTP/"
        what = f"asks for {url}; any answer counts, since no path is known that it serves"
        ways = {"wget": ([program, "sh", "-c", script], what), **ways}
    if len(ways) == 1:
        ways.setdefault("grep", ([program, "grep", *_listening(port)], _looks(port)))
    for name, (words, what) in ways.items():
        text = f"COPY --from={source} /bin/busybox {program}\n{_text(image.file, json.dumps(words))}"
        how = f"Which programs {image.base.image} has is not known, so it gets BusyBox's static one, which {what}."
        warnings = ["where the image has curl or wget, ask by that and leave the copy out"]
        edit = insert_at_end(image.file, image.stage, text)
        yield candidate(f"brought-{name}", [edit], how, ["COPY", "HEALTHCHECK"], warnings)


def _command(words: list[str]) -> str:
    """As JSON; through a shell where a variable of the running container is meant."""
    if not any("${" in word for word in words):
        return json.dumps(words)
    if words[1] == "-c" and words[0] in {"sh", "bash"}:
        return json.dumps(words)
    script = " ".join(word if re.fullmatch(r"[\w./-]+", word) else f'"{word}"' for word in words)
    return json.dumps(["sh", "-c", script])

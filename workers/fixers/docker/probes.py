"""HEALTHCHECK instructions by a program that an image has, or is given."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import msgspec

from daemon.domain.fix import Candidate
from workers.fixers.docker.build import candidate, insert_at_end
from workers.fixers.docker.images import Base
from workers.fixers.docker.listening import PHP
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
_NGINX_WITH_CURL = 21
"""nginx's images have had curl from 1.21 on for sure."""


class Asked(msgspec.Struct, frozen=True):
    """What an HTTP request asks for."""

    path: str
    known: bool
    """Whether the program is known to answer it: else any answer counts, since it may well be 404."""


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


def _asking(image: Image, port: str, asked: Asked | None) -> Iterator[Candidate]:
    if image.base.family in _BARE:
        if "$" not in port:
            yield from _copied(image, port, asked.path if asked and asked.known else None)
        if not image.base.image.startswith("gcr.io/distroless/nodejs"):
            return
    if asked is not None:
        url = f"http://127.0.0.1:{port}{asked.path}"
        ways = list(
            _http(image.base, image.packages, url) if asked.known else _answer(image.base, image.packages, port)
        )
        ways = ways or list(_by_shell(image.base, port, asked))
        what = "" if asked.known else " Any answer counts, since no path is known that it serves."
        for name, words in ways:
            how = f"Asks for {url} inside the container by {name}, which the image has.{what}"
            warning = "point it at a path that answers without a login and without touching other services"
            yield check(image, f"http-{name}", _command(words), how, [warning] if asked.path == "/" else [])
    if image.base.family is None and "$" not in port and not _has_any(image, port):
        yield from _brought(image, port, asked)
        return
    for name, words in _tcp(image.base, image.packages, port):
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
        ways = {"grep": (_listening(port), f"looks for port {port} in the kernel's table of what is listened on")}
    if path is not None:
        url = f"http://127.0.0.1:{port}{path}"
        ways = {"wget": (["-q", "-O", "/dev/null", url], f"asks for {url}"), **ways}
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
    return any(_tcp(image.base, image.packages, port)) or any(_http(image.base, image.packages, url))


def _brought(image: Image, port: str, asked: Asked | None) -> Iterator[Candidate]:
    """BusyBox beside a program whose image is not known: one static file that runs on any Linux."""
    source, program = f"busybox:{latest_tags('busybox')[0][-1]}-musl", "/usr/local/bin/busybox"
    ways = {"nc": ([program, "nc", "-z", "127.0.0.1", port], f"opens port {port}: something must listen there")}
    if port in _LOGGED:
        looks = f"looks for port {port} in the kernel's table of what is listened on"
        ways = {"grep": ([program, "grep", *_listening(port)], looks)}
    elif asked is not None and asked.known:
        url = f"http://127.0.0.1:{port}{asked.path}"
        ways = {"wget": ([program, "wget", "-q", "-O", "/dev/null", url], f"asks for {url}"), **ways}
    elif asked is not None:
        url = f"http://127.0.0.1:{port}{asked.path}"
        script = f"{program} wget -S -O /dev/null {url} 2>&1 | {program} grep -q HTTP/"
        what = f"asks for {url}; any answer counts, since no path is known that it serves"
        ways = {"wget": ([program, "sh", "-c", script], what), **ways}
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


def _answer(base: Base, found: frozenset[str], port: str) -> Iterator[tuple[str, list[str]]]:
    """Ways that take any answer below 500; of curl and wget, which tell no such numbers apart, any at all."""
    url = f"http://127.0.0.1:{port}/"
    tools = {name: words for name, words in _http(base, found, url) if name not in {"node", "python", "ruby"}}
    if curl := tools.get("curl"):
        yield "curl", [word for word in curl if word != "--fail"]
    if "wget" in tools:
        yield "wget", ["sh", "-c", f"wget -S -O /dev/null {url} 2>&1 | grep -q HTTP/"]
    if base.image == "node" or "node" in found:
        code = f"require('http').get('{url}',r=>process.exit(r.statusCode<500?0:1)).on('error',()=>process.exit(1))"
        yield "node", ["node", "-e", code]
    if program := _python(base, found):
        code = (
            f"import http.client as h, sys; c = h.HTTPConnection('127.0.0.1', {port}, timeout=4); "
            "c.request('GET', '/'); sys.exit(c.getresponse().status >= 500)"
        )
        yield "python", [program, "-c", code]
    if base.image == "ruby":
        code = f"require 'net/http'; exit(Net::HTTP.get_response(URI('{url}')).code.to_i < 500)"
        yield "ruby", ["ruby", "-e", code]


def _by_shell(base: Base, port: str, asked: Asked) -> Iterator[tuple[str, list[str]]]:
    """A request that bash writes itself, for images with nothing else."""
    if base.family in {"debian", "redhat", "suse"}:
        good = "[23]" if asked.known else "[1-4]"
        script = (
            f"exec 3<>/dev/tcp/127.0.0.1/{port}; "
            f"printf 'GET {asked.path} HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3; "
            f"read -r line <&3; [[ $line == HTTP/?.?' '{good}* ]]"
        )
        yield "bash", ["bash", "-c", script]


def _http(base: Base, found: frozenset[str], url: str) -> Iterator[tuple[str, list[str]]]:
    old = re.match(r"1\.(\d+)", base.tag)
    nginx = base.image == "nginx" and "slim" not in base.tag and not (old and int(old[1]) < _NGINX_WITH_CURL)
    if "curl" in found or nginx or base.image == "buildpack-deps" or base.full:
        yield "curl", ["curl", "--fail", "--silent", "--show-error", "--output", "/dev/null", url]
    elif base.family == "alpine" or "wget" in found:
        yield "wget", ["wget", "-q", "-O", "/dev/null", url]
    if base.image == "node" or "node" in found:
        code = f"require('http').get('{url}',r=>process.exit(r.statusCode<400?0:1)).on('error',()=>process.exit(1))"
        yield "node", ["node", "-e", code]
    if program := _python(base, found):
        code = f"import urllib.request; urllib.request.urlopen('{url}', timeout=4)"
        yield "python", [program, "-c", code]
    if base.image == "ruby":
        code = f"require 'net/http'; exit(Net::HTTP.get_response(URI('{url}')).code.to_i < 400)"
        yield "ruby", ["ruby", "-e", code]


def _python(base: Base, found: frozenset[str]) -> str | None:
    """What Python 3 is called in the image, where it has it."""
    if base.image == "python" or base.image.startswith("tiangolo/"):
        return None if base.tag.startswith("2") else "python"
    if base.image == "ghcr.io/astral-sh/uv" and base.tag.startswith("python3"):
        return "python"
    return "python3" if found & {"python3", "python3-pip", "python3-dev", "python3-venv"} else None


def _tcp(base: Base, found: frozenset[str], port: str) -> Iterator[tuple[str, list[str]]]:
    if program := _python(base, found):
        code = f"import socket; socket.create_connection(('127.0.0.1', {port}), 4).close()"
        yield "python", [program, "-c", code]
    if base.image == "ruby":
        code = f"require 'socket'; Socket.tcp('127.0.0.1', {port}, connect_timeout: 4).close"
        yield "ruby", ["ruby", "-e", code]
    if base.image in PHP and "$" not in port:
        code = f"exit(@fsockopen('127.0.0.1', {port}, $e, $s, 4) ? 0 : 1);"
        yield "php", ["php", "-r", code]
    if base.image == "node" or (base.image.startswith("gcr.io/distroless/nodejs") and "$" not in port):
        program = "node" if base.image == "node" else "/nodejs/bin/node"
        code = (
            f"require('net').connect({port},'127.0.0.1').on('connect',()=>process.exit(0))"
            ".on('error',()=>process.exit(1))"
        )
        yield "node", [program, "-e", code]
    if base.family == "alpine" or "netcat-openbsd" in found:
        yield "nc", ["nc", "-z", "127.0.0.1", port]
    if base.family in {"debian", "redhat", "suse"}:
        yield "bash", ["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}"]

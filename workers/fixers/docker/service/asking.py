"""Programs of images that ask a port, and the words by which each does."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from workers.fixers.docker.bases.images import Base
from workers.fixers.docker.service.listening import PHP

_NGINX_WITH_CURL = 21
"""nginx's images have had curl from 1.21 on for sure."""


class Asked(msgspec.Struct, frozen=True):
    """What an HTTP request asks for."""

    path: str
    known: bool
    """Whether the program is known to answer it: else any answer counts, since it may well be 404."""


def answer(base: Base, found: frozenset[str], port: str) -> Iterator[tuple[str, list[str]]]:
    """Ways that take any answer below 500; of curl and wget, which tell no such numbers apart, any at all."""
    url = f"http://127.0.0.1:{port}/"
    tools = {name: words for name, words in http(base, found, url) if name not in {"node", "python", "ruby"}}
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


def by_shell(base: Base, port: str, asked: Asked) -> Iterator[tuple[str, list[str]]]:
    """A request that bash writes itself, for images with nothing else."""
    if base.family in {"debian", "redhat", "suse"}:
        good = "[23]" if asked.known else "[1-4]"
        script = (
            f"exec 3<>/dev/tcp/127.0.0.1/{port}; "
            f"printf 'GET {asked.path} HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3; "
            f"read -r line <&3; [[ $line == HTTP/?.?' '{good}* ]]"
        )
        yield "bash", ["bash", "-c", script]


def http(base: Base, found: frozenset[str], url: str) -> Iterator[tuple[str, list[str]]]:
    """Ways that take an answer below 400."""
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


def tcp(base: Base, found: frozenset[str], port: str) -> Iterator[tuple[str, list[str]]]:
    """Ways that open the port and say nothing."""
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

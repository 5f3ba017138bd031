"""Images without a HEALTHCHECK."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.docker.build import (
    at_least_one,
    candidate,
    final_stage,
    insert_at_end,
    read,
    trivy,
)
from workers.fixers.docker.images import Base, base_of, installed
from workers.fixers.docker.listening import FPM, PHP, WEB, environment, is_fpm, port_of
from workers.fixers.docker.server_source import Served, served, words_of
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.dockerfile import Dockerfile, Stage

_OPTIONS = "--interval=30s --timeout=5s --start-period=30s --retries=3"
_PROBES = {
    "postgres": ["pg_isready", "-U", "postgres"], "redis": ["redis-cli", "ping"],
    "valkey/valkey": ["valkey-cli", "ping"],
    "rabbitmq": ["rabbitmq-diagnostics", "-q", "ping"],
    "mariadb": ["healthcheck.sh", "--connect", "--innodb_initialized"],
    "mysql": ["mysqladmin", "ping", "-h", "127.0.0.1"],
    "mongo": ["mongosh", "--quiet", "--eval", "db.adminCommand('ping').ok"],
}  # fmt: skip
_HTTP = frozenset(
    ("80", "3000", "4000", "4200", "5000", "5173", "8000", "8008", "8080", "8081", "8088", "8888", "9000", "9090")
)
_GRPC = re.compile(r"\bgrpcio\b|@grpc/grpc-js|\"grpc\"")
_WEB = re.compile(
    r"flask|fastapi|django|aiohttp|tornado|uvicorn|gunicorn|starlette|express|fastify|\bkoa\b|hapi|nestjs|\"next\"",
    re.IGNORECASE,
)
_JOB = re.compile(
    r"(?:^|\s)\S*?(?<![a-z])(?:train(?:ing|er)?|fine-?_?tune|pre-?_?process(?:ing)?|eval(?:uate)?|migrate|etl|job)\.(?:py|js|sh)(?=\s|$)",
    re.IGNORECASE,
)
_EXPLAIN = """Docker restarts a container whose process died, but a program that hangs still counts as running.
A HEALTHCHECK asks it regularly; Compose, Swarm and load balancers then wait for `healthy` and take a hanging
container out. (Kubernetes ignores it and wants probes in the pod instead.)

A probe must use a program that the image has. An HTTP request proves the most; opening the port proves that
something listens, whatever it speaks. Where the image names no port nothing can be asked, and `HEALTHCHECK NONE`
would only silence the rule."""


@fixer(
    name="docker-no-healthcheck",
    weakness="no health check",
    rules={"checkov": ["CKV_DOCKER_2"], "hadolint": ["DL3057"], "trivy": trivy(26), "semgrep": ["missing-healthcheck"]},
    explain=_EXPLAIN,
)
def propose(target: Target) -> Iterator[Candidate]:
    """A probe by a program of the image: of the service itself, over HTTP, or of the port."""
    file = read(target)
    stage = final_stage(file)
    base = base_of(file, stage)
    source = served(target.tree, file, stage, environment(file, stage))
    if source is not None and source.job:
        message = f"{source.path} opens no port and works until it is done: a job has no health that could be asked for"
        raise NoFix(message)
    if base.image in _PROBES:
        how = f"Asks {base.image} by its own client, which the image has."
        yield _check(file, stage, "service-client", json.dumps(_PROBES[base.image]), how)
    if source is None and (job := _JOB.search(" ".join(words_of(file, stage, {})))):
        message = f"{file.path} starts {job[0].strip()}, by its name a job: it has no health that could be asked for"
        raise NoFix(message)
    port = port_of(target.tree, file, stage, base) or (str(source.port) if source and source.port else None)
    if port is None:
        if base.image not in _PROBES:
            raise _refuse(file)
        return
    reason = f"{base.image} has no program that is known to be there and could ask port {port}"
    path = _path(target, file, stage, port, source)
    if is_fpm(base) and port == str(FPM):
        path = None
    yield from at_least_one(_probes(file, stage, base, port, path), reason)


def _path(target: Target, file: Dockerfile, stage: Stage, port: str, source: Served | None) -> str | None:
    """What an HTTP request can ask for; none where the program may speak something else, or answers nothing known."""
    if _speaks_grpc(target, file):
        return None
    web = WEB.search(" ".join(words_of(file, stage, {})))
    if source is None:
        return "/" if port in _HTTP or (web and "$" in port) else None
    if "$" in port or port == str(source.port):
        return source.answers if source.http or web else None
    return (source.answers or "/") if source.http and port in _HTTP else None


def _speaks_grpc(target: Target, file: Dockerfile) -> bool:
    """Whether the dependencies beside the file are of a gRPC server and of no web server: HTTP gets no answer there."""
    folder = file.path.rpartition("/")[0]
    wanted = {f"{folder}/{name}".lstrip("/") for name in ("requirements.txt", "requirements.in", "package.json")}
    found = "".join(target.tree.read(path).decode("utf-8", "replace") for path in target.tree.paths() if path in wanted)
    return bool(_GRPC.search(found)) and not _WEB.search(found)


def _probes(file: Dockerfile, stage: Stage, base: Base, port: str, path: str | None) -> Iterator[Candidate | None]:
    if "$" in port and base.family in {"distroless", "scratch"}:
        return
    if path is not None:
        url = f"http://127.0.0.1:{port}{path}"
        for name, words in _http(file, stage, base, url):
            how = f"Asks for {url} inside the container by {name}, which the image has."
            warning = "point it at a path that answers without a login and without touching other services"
            yield _check(file, stage, f"http-{name}", _command(words), how, [warning] if path == "/" else [])
    for name, words in _tcp(file, stage, base, port):
        how = f"Opens port {port} inside the container by {name}, which the image has: something must listen there."
        yield _check(file, stage, f"port-{name}", _command(words), how)


def _command(words: list[str]) -> str:
    """As JSON; through a shell where a variable of the running container is meant."""
    if not any("${" in word for word in words):
        return json.dumps(words)
    script = " ".join(word if re.fullmatch(r"[\w./-]+", word) else f'"{word}"' for word in words)
    return json.dumps(["sh", "-c", script])


def _http(file: Dockerfile, stage: Stage, base: Base, url: str) -> Iterator[tuple[str, list[str]]]:
    found = installed(file, stage)
    nginx = base.image == "nginx" and "slim" not in base.tag
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


def _python(base: Base, found: set[str]) -> str | None:
    """What Python 3 is called in the image, where it has it."""
    if base.image == "python" or base.image.startswith("tiangolo/"):
        return None if base.tag.startswith("2") else "python"
    if base.image == "ghcr.io/astral-sh/uv" and base.tag.startswith("python3"):
        return "python"
    return "python3" if found & {"python3", "python3-pip", "python3-dev", "python3-venv"} else None


def _tcp(file: Dockerfile, stage: Stage, base: Base, port: str) -> Iterator[tuple[str, list[str]]]:
    found = installed(file, stage)
    if program := _python(base, found):
        code = f"import socket; socket.create_connection(('127.0.0.1', {port}), 4).close()"
        yield "python", [program, "-c", code]
    if base.image == "ruby":
        code = f"require 'socket'; Socket.tcp('127.0.0.1', {port}, connect_timeout: 4).close"
        yield "ruby", ["ruby", "-e", code]
    if base.image in PHP and "$" not in port:
        code = f"exit(@fsockopen('127.0.0.1', {port}, $e, $s, 4) ? 0 : 1);"
        yield "php", ["php", "-r", code]
    if base.image == "node" or base.image.startswith("gcr.io/distroless/nodejs"):
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


def _check(
    file: Dockerfile, stage: Stage, approach: str, command: str, how: str, warnings: list[str] | None = None
) -> Candidate:
    text = f"HEALTHCHECK {_OPTIONS} {file.escape}\n    CMD {command}"
    return candidate(approach, [insert_at_end(file, stage, text)], how, ["HEALTHCHECK"], warnings or [])


def _refuse(file: Dockerfile) -> NoFix:
    return NoFix(
        f"{file.path} names no port, so there is nothing that a probe could ask: which command tells that the program "
        "still works is known to its authors alone"
    )

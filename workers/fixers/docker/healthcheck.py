"""Images without a HEALTHCHECK."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.docker.bases.image_tables import BRING_A_CHECK
from workers.fixers.docker.bases.images import base_of, installed
from workers.fixers.docker.bases.own_base import built_from, commands
from workers.fixers.docker.build import at_least_one, deployed_stage, read, trivy
from workers.fixers.docker.service.asking import Asked
from workers.fixers.docker.service.celery_probe import celery_probe
from workers.fixers.docker.service.compose_ports import other_commands
from workers.fixers.docker.service.deployment import Run, runs
from workers.fixers.docker.service.dispatch import refuse_dispatch
from workers.fixers.docker.service.listening import (
    FPM,
    OF_OTHERS,
    TLS_OPTION,
    WEB,
    environment,
    exposed_ports,
    port_of,
    speaks_fastcgi,
    told_port,
)
from workers.fixers.docker.service.no_service import idle, no_service, told_otherwise, watched_elsewhere, what_ends
from workers.fixers.docker.service.probes import Image, check, probes
from workers.fixers.docker.service.script_port import package_port, script_port
from workers.fixers.docker.service.server_source import Served, served, words_of
from workers.fixers.docker.service.spared import spare
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.dockerfile import Dockerfile, Stage
from workers.source.tree import SourceTree

_PROBES = {
    "postgres": ["pg_isready", "-U", "postgres"], "postgis/postgis": ["pg_isready", "-U", "postgres"],
    "pgvector/pgvector": ["pg_isready", "-U", "postgres"],
    "redis": ["redis-cli", "ping"],
    "valkey/valkey": ["valkey-cli", "ping"],
    "rabbitmq": ["rabbitmq-diagnostics", "-q", "ping"],
    "mariadb": ["healthcheck.sh", "--connect", "--innodb_initialized"],
    "mysql": ["mysqladmin", "ping", "-h", "127.0.0.1"],
    "mongo": ["mongosh", "--quiet", "--eval", "db.adminCommand('ping').ok"],
    "zookeeper": ["zkServer.sh", "status"],
}  # fmt: skip
_OLDER: dict[str, tuple[tuple[int, ...], list[str]]] = {
    "mongo": ((5, 0), ["mongo", "--quiet", "--eval", "db.adminCommand('ping').ok"]),
    "mariadb": ((10, 2), ["mysqladmin", "ping", "-h", "127.0.0.1"]),
    "rabbitmq": ((3, 8), ["rabbitmqctl", "status"]),
}
"""The first release that has the client above, and that of those before it."""
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
_IDLE = re.compile(r"(?:^|\s)(?:tail\s+-[fF]\s+/dev/null|sleep\s+(?:infinity|inf|\d{4,}[smhd]?))\s*$")
_ASKED = re.compile(r"(?:quay\.io/)?jupyter/[\w-]+-notebook")
"""Images whose makers ask them for their health."""
_EXPLAIN = """Docker restarts a container whose process died, but a program that hangs still counts as running.
A HEALTHCHECK asks it regularly; Compose, Swarm and load balancers then wait for `healthy` and take a hanging
container out. (Kubernetes ignores it and wants probes in the pod instead.)

A probe must use a program that the image has; one without any, or of which none is known, is given a static program.
An HTTP request proves the most, and where no path is known that the program serves, any answer does; opening the port
proves that something listens. Where no service runs in the image (a job, a tool, an interpreter without a script) or
only Kubernetes runs it, there is nothing to mend. Where a service
names no port nothing can be asked, and `HEALTHCHECK NONE` would only silence the rule."""


@fixer(
    name="docker-no-healthcheck",
    weakness="no health check",
    rules={"checkov": ["CKV_DOCKER_2"], "hadolint": ["DL3057"], "trivy": trivy(26), "semgrep": ["missing-healthcheck"]},
    explain=_EXPLAIN,
)
def propose(target: Target) -> Iterator[Candidate]:
    """A probe by a program of the image: of the service itself, over HTTP, or of the port."""
    file = read(target)
    chain = built_from(target.tree, file, deployed_stage(file))
    image = _image(chain)
    if inherited := _inherited(file, chain, image):
        raise Harmless(inherited)
    starting = commands(chain)
    source = served(target.tree, *starting, environment(*starting))
    if nothing := _nothing(target, file, image, words_of(*starting, {}), source):
        raise Harmless(nothing)
    port = _port(target.tree, chain, image, source)
    found = runs(target.tree, file.path) if port is None else []
    named = {one.port for one in found}
    if len(named) == 1 and found[0].port:
        port = str(found[0].port)
    others = []
    if port or _client(image):
        refuse_dispatch(target.tree, *starting)
        others = other_commands(target.tree, file.path, port)
    for one in _made(target, image, starting, port, source, found):
        yield spare(target.tree, one, others)


def _made(
    target: Target,
    image: Image,
    starting: tuple[Dockerfile, Stage],
    port: str | None,
    source: Served | None,
    found: list[Run],
) -> Iterator[Candidate]:
    """The ways to ask the program that the image starts."""
    file, service = image.file, _client(image)
    if service:
        how = f"Asks {image.base.image} by its own client, which the image has."
        yield check(image, "service-client", json.dumps(service), how)
    if source is None and (job := _JOB.search(" ".join(words_of(*starting, {})))):
        message = f"{file.path} starts {job[0].strip()}, by its name a job: it has no health that could be asked for"
        raise NoFix(message)
    if port is not None and service:
        # The client proves more than a look at the kernel's table, and no other program need be brought for it.
        made = probes(image, port, None) if image.base.family else ()
        yield from (one for one in made if one.approach.startswith("port-"))
    elif port is not None:
        fastcgi = port == str(FPM) and speaks_fastcgi(image.base, words_of(*starting, {}))
        asked = None if fastcgi else _asked(target, *starting, port, source)
        reason = f"{image.base.image} has no program that is known to be there and could ask port {port}"
        yield from at_least_one(probes(image, port, asked), reason)
    elif not service:
        yield from _without_port(target.tree, file, image, words_of(*starting, {}), found)


def _nothing(target: Target, file: Dockerfile, image: Image, words: list[str], source: Served | None) -> str | None:
    """Why no service runs in the image, whatever ports it names; none where one may."""
    if source is not None and source.job:
        return f"{source.path} opens no port and works until it is done: a job has no health that could be asked for"
    if told_otherwise(target.tree, file):
        if what_ends(words) or _IDLE.search(" ".join(words)) if words else idle(image.base):
            message = (
                f"{file.path} starts no service, and Compose a command of its own in it: a `healthcheck` of that "
                "service knows what to ask, and one of the image would be asked of whatever else is started in it"
            )
            raise NoFix(message)
        return None
    if _IDLE.search(" ".join(words)):
        return f"{file.path} starts nothing but a wait, for whoever works in the container: no service runs in it"
    if not words and idle(image.base):
        return (
            f"{file.path} starts nothing, and {image.base.image} only a shell or an interpreter: no service runs in it"
        )
    return None


def _without_port(
    tree: SourceTree, file: Dockerfile, image: Image, words: list[str], found: list[Run]
) -> Iterator[Candidate]:
    """A worker that answers through its broker; else why nothing is asked."""
    pings = [] if told_otherwise(tree, file) else list(celery_probe(image, words))
    if not pings:
        raise _refusal(tree, file, words, found)
    yield from pings


def _inherited(file: Dockerfile, chain: list[tuple[Dockerfile, Stage]], image: Image) -> str | None:
    """Which image below asks for its health already; none where what it starts is another program here."""
    if _ASKED.fullmatch(image.base.image):
        return f"{image.base.image} has a HEALTHCHECK of its own, which what is built on it inherits"
    if any(one.keyword in {"CMD", "ENTRYPOINT"} for one in file.instructions):
        return None
    below = next((one for one, stage in chain[1:] if stage.last("HEALTHCHECK")), None)
    who = below.path if below else image.base.image if image.base.image in BRING_A_CHECK else None
    return f"{file.path} inherits the HEALTHCHECK of {who}, and starts what that asks" if who else None


def _client(image: Image) -> list[str] | None:
    """The client of the service that the image's release has; none where it has none, or the release is not known."""
    first, client = _OLDER.get(image.base.image, ((), []))
    release = tuple(int(part) for part in re.findall(r"\d+", image.base.tag.partition("-")[0])[:2])
    if first and re.match(r"v?\d", image.base.tag) and release < first[: len(release)]:
        return client
    return _PROBES.get(image.base.image)


def _image(chain: list[tuple[Dockerfile, Stage]]) -> Image:
    packages = frozenset(name for file, stage in chain for name in installed(file, stage))
    return Image(*chain[0], base_of(*chain[-1]), packages)


def _port(tree: SourceTree, chain: list[tuple[Dockerfile, Stage]], image: Image, source: Served | None) -> str | None:
    """Where the program listens, as the Dockerfiles or its source say.

    Raises:
        NoFix: they say different things.
    """
    for file, stage in chain:
        if port := port_of(tree, file, stage, image.base):
            said = str(source.port) if source and source.port else package_port(tree, file, stage) or port
            if said == port or not port.isdigit() or said in OF_OTHERS or told_port(file, stage) == port:
                return port
            if said in exposed_ports(file, stage):
                return said
            where = source.path if source and source.port else "package.json"
            message = f"{file.path} names port {port}, and {where} listens on {said}"
            raise NoFix(message)
    return str(source.port) if source and source.port else script_port(tree, *commands(chain))


def _refusal(tree: SourceTree, file: Dockerfile, words: list[str], found: list[Run]) -> NoFix:
    """Why nothing is asked: because nothing runs, because somebody else asks, or because nobody says what to ask."""
    harmless = no_service(tree, file, words) or watched_elsewhere(tree, file, found)
    if harmless:
        return Harmless(harmless)
    return NoFix(
        f"{file.path} names no port, so there is nothing that a probe could ask: which command tells that the program "
        "still works is known to its authors alone"
    )


def _asked(target: Target, file: Dockerfile, stage: Stage, port: str, source: Served | None) -> Asked | None:
    """What an HTTP request can ask for; none where the program may speak something else."""
    if _speaks_grpc(target, file):
        return None
    command = " ".join(words_of(file, stage, {}))
    if TLS_OPTION.search(command):
        return None
    web = WEB.search(command)
    if source is None:
        return Asked("/", known=False) if port in _HTTP or (web and "$" in port) else None
    if "$" in port or port == str(source.port):
        return Asked(source.answers, known=True) if source.answers and (source.http or web) else None
    return Asked(source.answers or "/", known=bool(source.answers)) if source.http and port in _HTTP else None


def _speaks_grpc(target: Target, file: Dockerfile) -> bool:
    """Whether the dependencies beside the file are of a gRPC server and of no web server: HTTP gets no answer there."""
    folder = file.path.rpartition("/")[0]
    wanted = {f"{folder}/{name}".lstrip("/") for name in ("requirements.txt", "requirements.in", "package.json")}
    found = "".join(target.tree.read(path).decode("utf-8", "replace") for path in target.tree.paths() if path in wanted)
    return bool(_GRPC.search(found)) and not _WEB.search(found)

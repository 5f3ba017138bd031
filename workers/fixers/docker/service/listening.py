"""The port that an image's program listens on, as its Dockerfile and the files around it say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.errors import SourceUnavailable
from workers.fixers.docker.bases.image_tables import SERVICE_PORTS
from workers.fixers.docker.bases.images import Base
from workers.fixers.docker.build import expand, lineage, pairs
from workers.fixers.docker.service.addressed import addressed_port
from workers.fixers.docker.service.compose_ports import compose_port
from workers.fixers.docker.service.server_configuration import listened
from workers.fixers.docker.service.server_source import words_of
from workers.source.dockerfile import Dockerfile, Stage
from workers.source.tree import SourceTree, text_of

_PORTS = {"nginx": 80, "httpd": 80, "tomcat": 8080, "jetty": 8080, "nginxinc/nginx-unprivileged": 8080, "caddy": 80}
_NO_OTHER = r"(?![\w-])(?!.*(?:port|conf|address|listen|\s-[pc]\b|defaults))"
"""A server whose port hardly anybody changes, started without a port or a configuration."""
COMMAND_PORTS = [
    (re.compile(pattern), port)
    for pattern, port in (
        (r"\bng\s+serve\b(?=.*--host)", 4200), (r"\bflask\b[^|;&]*\brun\b", 5000), (r"\brails\s+s(?:erver)?\b", 3000),
        (r"\b(?:uvicorn|hypercorn)\b", 8000), (r"\bstreamlit\s+run\b", 8501), (r"\bjupyter\b", 8888),
        (r"\bnext\s+start\b", 3000), (r"\bhttp\.server$", 8000), (r"\brackup\b", 9292),
        (r"\bmanage\.py\s+runserver\b", 8000),
        *((rf"^(?:/[\w./-]*/)?{name}{_NO_OTHER}", port) for name, port in (
            ("mongod", 27017), ("mysqld(?:_safe)?", 3306), ("mariadbd", 3306), (r"redis-server(?!\s+/)", 6379),
            ("memcached", 11211), ("sshd", 22), ("node_exporter", 9100), ("blackbox_exporter", 9115),
            ("alertmanager", 9093), ("etcd", 2379),
        )),
    )
]  # fmt: skip
OF_OTHERS = frozenset(
    ("25", "465", "587", "1433", "1521", "3306", "5432", "5672", "6379", "9092", "9200", "11211", "27017")
)
"""Ports that a program names because it calls them."""
_BIND = re.compile(r"^bind\s*=\s*[\"'][\w.]*:(\d{2,5})[\"']", re.MULTILINE)
_BIND_BY_VARIABLE = re.compile(r"^bind\s*=.*\b(?:getenv|environ)\b[^\n\w]*(?:get\W+)?(\w*PORT)\b", re.MULTILINE)
PHP = frozenset(("php", "wordpress", "drupal", "joomla", "nextcloud", "phpmyadmin"))
FPM = 9000
"""Where php-fpm listens, in a protocol of its own."""
PORT_OPTION = re.compile(
    r"(?:--port[=\s]+|server\.port[=\s]+|--bind[=\s]+[\w.]*:|--listen[=\s]+[\w.]*:|-b\s+[\w.]*:|0\.0\.0\.0:)(\d{2,5})"
)
_SOCKET = re.compile(r"\bunix:|--uds\b|--fd\b")
"""A server that opens a file of its own and no port."""
TLS_OPTION = re.compile(r"--(?:ssl|tls)[-_\w]*|--cert(?:file)?\b|--keyfile\b|--https\b")
CHOSEN_PORT = re.compile(
    r"(?:--port|--bind|--listen|--server\.port|-Dserver\.port|-b|-p)[=\s]+[\"']?[\w.\[\]:]*?"
    r"\$(?:\{(?P<braced>\w+)(?P<default>:-\d{2,5})?\}|(?P<name>\w+))"
)
_BY_START = re.compile(r"(?P<port>\$\{(?P<name>\w+):?-\d{1,5}\})(?:/tcp)?(?=\s|$)")
_BY_IMAGE = re.compile(r"\$\{?(\w+)\}?(?:/tcp)?(?=\s|$)")
WEB = re.compile(r"\b(?:gunicorn|uvicorn|hypercorn|waitress-serve|streamlit|flask|fastapi|next|rails|puma)\b")
"""Commands that serve HTTP."""
_ASPNET = "mcr.microsoft.com/dotnet/aspnet"
_WEB_PROJECT = re.compile(r"Microsoft\.NET\.Sdk\.(?:Web|Blazor\w*)|Microsoft\.AspNetCore")
_CHOOSES_URL = re.compile(rb"\bUseUrls\b|\bListen(?:AnyIP|Localhost)\b|\bapp\.Run\(\s*\"|\bConfigureKestrel\b")


def environment(file: Dockerfile, stage: Stage) -> dict[str, str]:
    """What the ARG and ENV of the stage, and of those below it, give each variable."""
    values: dict[str, str] = {}
    for each in reversed(lineage(file, stage)):
        for one in each.all("ARG", "ENV"):
            values |= pairs(one)
    return values


def _set(file: Dockerfile, stage: Stage) -> set[str]:
    """What ENV sets, which a container can be given otherwise."""
    return {name for each in lineage(file, stage) for one in each.all("ENV") for name in pairs(one)}


def is_fpm(base: Base) -> bool:
    """Whether it is PHP's process manager, which speaks no HTTP."""
    return base.image in PHP and "fpm" in base.tag


def speaks_fastcgi(base: Base, words: list[str]) -> bool:
    """Whether an image by its name, or the command, is of PHP's process manager, whoever built the image."""
    return "fpm" in f"{base.image}:{base.tag}" or any("php-fpm" in word for word in words)


def drops_root(base: Base) -> bool:
    """Whether it is a web server that writes its logs as root, and all else as a user of its own."""
    if base.image in PHP:
        return "apache" in base.tag or "fpm" in base.tag or (base.image != "php" and "cli" not in base.tag)
    return base.image in {"nginx", "httpd"}


def port_of(tree: SourceTree, file: Dockerfile, stage: Stage, base: Base) -> str | None:
    """The first TCP port that the stage exposes, that its command names, or that its service is known for.

    A number, or the variable from which the command takes it when the container runs: `${PORT}`.
    """
    values = environment(file, stage)
    written = " ".join(one.text for each in lineage(file, stage) for one in each.all("EXPOSE")).strip()
    exposed = expand(written, values)
    if re.match(r"(\d+)(?:-\d+)?/udp\b(?!.*(?<!\d)\1(?:/tcp)?(?:\s|$))", exposed, re.IGNORECASE):
        # The service itself cannot be asked by a connection, and what else is named need not listen all the time.
        return None
    command = " ".join(words_of(file, stage, values))
    told = told_port(file, stage)
    if (by_start := _BY_START.match(written)) and by_start["name"] not in values:
        # EXPOSE takes the default, the program what the container is given.
        return by_start["port"]
    if (by_image := _BY_IMAGE.match(written)) and by_image[1] in _set(file, stage):
        return f"${{{by_image[1]}}}"
    if named := exposed_ports(file, stage):
        # What the command says holds, whatever EXPOSE forgot.
        return told if told and told not in named else named[0]
    chosen = CHOSEN_PORT.search(" ".join(words_of(file, stage, {})))
    name = (chosen["braced"] or chosen["name"]) if chosen else None
    if chosen and name not in values:
        return f"${{{name}{chosen['default'] or ''}}}"
    if told:
        return told
    if is_fpm(base) and not command:
        # What else Compose publishes is not what the image starts.
        return str(FPM)
    if (published := compose_port(tree, file.path)) is not None:
        return str(published)
    if "$" in exposed:
        # Whoever builds the image chooses it.
        return None
    usual = next(_usual(tree, file, stage, base, command, values), None) or addressed_port(tree, file.path)
    return str(usual) if usual else None


def exposed_ports(file: Dockerfile, stage: Stage) -> list[str]:
    """The numbers of the TCP ports that the stage and those below it expose, of a range the first."""
    values = environment(file, stage)
    words = (
        word for each in lineage(file, stage) for one in each.all("EXPOSE") for word in expand(one.text, values).split()
    )
    found = (re.fullmatch(r"(\d{1,5})(?:-\d{1,5})?(?:/tcp)?", word) for word in words)
    return [match[1] for match in found if match and 0 < int(match[1]) < 2**16]


def told_port(file: Dockerfile, stage: Stage) -> str | None:
    """The port that the command names by an option."""
    match = PORT_OPTION.search(" ".join(words_of(file, stage, environment(file, stage))))
    return match[1] if match else None


def _usual(
    tree: SourceTree, file: Dockerfile, stage: Stage, base: Base, command: str, values: dict[str, str]
) -> Iterator[int | str]:
    """Where the program listens if nobody tells it otherwise."""
    if _SOCKET.search(command):
        return
    if re.search(r"\bgunicorn\b", command):
        yield from _gunicorn(tree, file, command, values, _set(file, stage))
    else:
        yield from (port for pattern, port in COMMAND_PORTS if pattern.search(command))
    if is_fpm(base):
        yield FPM
    if base.image in PHP and ("apache" in base.tag or (base.image != "php" and "cli" not in base.tag)):
        yield 80
    if base.image in _PORTS:
        yield from _served(tree, file, stage, _PORTS[base.image])
    if base.image in SERVICE_PORTS and not re.search(r"port|conf|address|listen|(?:^|\s)-[pP]\b|\.sh\b", command):
        yield SERVICE_PORTS[base.image]
    yield from _aspnet(tree, file, base, values)


def _served(tree: SourceTree, file: Dockerfile, stage: Stage, usual: int) -> Iterator[int]:
    """A web server's usual port, or the first that its own configuration names, where that is plain to see."""
    named = listened(tree, file, stage)
    if not named or str(usual) in named:
        yield usual
    elif all(port.isdigit() for port in named):
        yield int(named[0])


def _gunicorn(
    tree: SourceTree, file: Dockerfile, command: str, values: dict[str, str], lasting: set[str]
) -> Iterator[str]:
    """Where gunicorn listens that is told no address: what its settings bind, PORT where it is set, else 8000.

    `lasting` are the variables that the container has, too.
    """
    folder = file.path.rpartition("/")[0]
    # A shell has a `-c` of its own in front.
    named = re.search(r"gunicorn\b.*?(?:\s-c|\s--config)[\s=]+(?:file:|python:)?(\S+)", command)
    name = named[1].rpartition("/")[2] if named else "gunicorn.conf.py"
    inner = [path for path in tree.paths() if path.startswith(f"{folder}/" if folder else "")]
    settings = [path for path in inner if path.rpartition("/")[2] == name]
    if named or settings or "GUNICORN_CMD_ARGS" in values:
        texts = [text_of(tree, path) for path in settings]
        bound = {match[1] for text in texts for match in _BIND.finditer(text)}
        told = {match[1] for text in texts for match in _BIND_BY_VARIABLE.finditer(text)}
        bound |= {f"${{{each}}}" if each in lasting and values[each].isdigit() else "" for each in told}
        yield from (port for port in bound if len(bound) == 1 and port)
        return
    chosen = values.get("PORT", "8000")
    yield from (port for port in [chosen] if port.isdigit())


def _aspnet(tree: SourceTree, file: Dockerfile, base: Base, values: dict[str, str]) -> Iterator[int]:
    """Kestrel's port: of the variables that choose it, else the image's own, which is 8080 from .NET 8 on."""
    if base.image != _ASPNET:
        return
    folder = file.path.rpartition("/")[0]
    inside = [path for path in tree.paths() if path.startswith(f"{folder}/" if folder else "")]
    projects = [text_of(tree, path) for path in inside if path.endswith((".csproj", ".fsproj", ".vbproj"))]
    if projects and not any(_WEB_PROJECT.search(text) for text in projects):
        return
    for path in inside:
        if path.endswith(("Program.cs", "Startup.cs")):
            try:
                if _CHOOSES_URL.search(tree.read(path)):
                    return
            except SourceUnavailable:
                return
    chosen = values.get("ASPNETCORE_HTTP_PORTS") or values.get("ASPNETCORE_URLS")
    if chosen is not None:
        match = re.search(r"(?:^|http://[^:/;]*:)(\d{2,5})", chosen)
        if match:
            yield int(match[1])
    elif number := re.match(r"\d+", base.tag):
        yield 8080 if int(number[0]) >= 8 else 80

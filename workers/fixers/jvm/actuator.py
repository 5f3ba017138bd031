"""Spring Boot's management endpoints, all of them open to the web."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import Text, candidate, read, region
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.tree import text_of

_KEY = "management.endpoints.web.exposure.include"
_PROPERTY = re.compile(rf"^(?P<before>\s*{re.escape(_KEY)}\s*[=:]\s*)(?P<value>[^\s#]\S*(?:\s*,\s*\S+)*)\s*$")
_INLINE = re.compile(r"^(?P<before>\s*include\s*:\s*)(?P<value>\[[^\]#]*\]|\"[^\"]*\"|'[^']*'|[\w*][^#]*?)\s*(?:#.*)?$")
_READ = re.compile(r"/actuator/(?!health\b)(?P<name>[a-z]+)")
_LIBRARY = re.compile(r"micrometer-registry-prometheus|spring-boot-admin-starter-client")
_BUILDS = ("pom.xml", "build.gradle", "build.gradle.kts")
_TEXTS = (".yml", ".yaml", ".properties", ".java", ".kt", ".ts", ".js", ".sh", ".json", ".tf", ".conf", "Dockerfile")
_LARGEST = 200_000


@fixer(
    name="spring-actuator",
    weakness="management endpoints open to the web",
    cwes=(200, 489),
    rules={
        "semgrep": [
            "spring-actuator-fully-enabled",
            "spring-actuator-fully-enabled-yaml",
            "spring-actuator-dangerous-endpoints-enabled",
            "spring-actuator-dangerous-endpoints-enabled-yaml",
        ]
    },
    in_tests=False,
    explain="""Spring Boot's actuator shows how the program is doing, and more: `env` its settings, `heapdump` its
memory with every session and password in it, `loggers` and `shutdown` change it (CWE-200, CWE-489). Exposed over the
web, they are for whoever can ask.

Load balancers need `health` and nothing else. What a monitor reads beside it belongs on a port of its own
(`management.server.port`) that is not reached from outside.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`include=*` → `health`."""
    file = read(target)
    where = region(target)
    yaml = file.path.endswith((".yml", ".yaml"))
    found = next((each for number in where.lines if (each := _value(file, number, yaml=yaml))), None)
    if found is None:
        message = f"{file.path}:{where.start_line} does not name the endpoints in one line"
        raise NoFix(message)
    number, start, end = found
    _refuse_read(target, file, number)
    yield candidate(
        "health-only",
        [file.edit(start, end, "health")],
        "Only `health` is shown over the web; the other endpoints are there by JMX alone.",
        declares=(f"line:{number}", "**.include", "**.include.*"),
        warnings=("Whoever reads another endpoint over the web no longer can.",),
    )


def _value(file: Text, number: int, *, yaml: bool) -> tuple[int, int, int] | None:
    text = file.line(number).decode()
    found = (_INLINE if yaml else _PROPERTY).match(text)
    if found is None or found["value"].endswith("\\"):
        return None
    start = file.starts[number - 1] + len(found["before"].encode())
    return number, start, start + len(found["value"].encode())


def _refuse_read(target: Target, file: Text, line: int) -> None:
    """Raise where something of the project reads another endpoint.

    Raises:
        NoFix: it does.
    """
    for path in target.tree.paths():
        if not path.endswith((*_TEXTS, *_BUILDS)):
            continue
        text = text_of(target.tree, path)
        if len(text) > _LARGEST:
            continue
        used = _READ.search(text)
        if used is not None or (path.rpartition("/")[2] in _BUILDS and _LIBRARY.search(text)):
            what = f"/actuator/{used['name']}" if used is not None else "more than its health for a monitor"
            message = (
                f"{file.path}:{line} is read elsewhere: {path} asks for {what}; move it to a management.server.port "
                "that is not reached from outside"
            )
            raise NoFix(message)

"""Where a framework listens when nobody says otherwise, and what it answers there."""

from __future__ import annotations

import re

import msgspec

from workers.source.tree import SourceTree, text_of

_PYTHON = (
    (re.compile(r"\buvicorn\.run\((?:(?!\bport\b)[^()])*\)"), 8000),
    (re.compile(r"\bweb\.run_app\((?:(?!\bport\b)[^()])*\)"), 8080),
    (re.compile(r"\bimport\s+gradio\b.*\.launch\((?:(?!server_port)[^()])*\)", re.DOTALL), 7860),
)
_SINATRA = re.compile(r"^\s*require\s+['\"]sinatra['\"]", re.MULTILINE)
_BUILDS = ("pom.xml", "build.gradle", "build.gradle.kts")
_SPRING = re.compile(r"spring-boot-starter-(?:web|webflux|webmvc)\b")
_ACTUATOR = "spring-boot-starter-actuator"
_SETTINGS = re.compile(r"(?:^|/)src/main/resources/(?:application|bootstrap)[\w-]*\.(?:properties|ya?ml)$")
_PROPERTY = re.compile(r"^\s*server\.port\s*[=:]\s*(?:\$\{\w+:)?(\d{2,5})\}?\s*$", re.MULTILINE)
_YAML = re.compile(r"^server:\s*\n(?:[ \t]+\S.*\n|\s*\n)*?[ \t]+port:\s*['\"]?(?:\$\{\w+:)?(\d{2,5})\}?", re.MULTILINE)
_CHOSEN = re.compile(r"server\.port|^server:\s*\n(?:[ \t]+.*\n)*?[ \t]+port:", re.MULTILINE)
_MOVED = re.compile(r"management|context-path|base-path|server\.ssl|^\s+ssl:", re.MULTILINE)
_DEFAULT = 8080


class Spring(msgspec.Struct, frozen=True):
    """A web application of Spring Boot."""

    path: str
    """The build file that says so."""
    port: int | None
    """Where it listens; none where its settings choose it in a way that is not plain to see."""
    answers: str | None
    """The path of its health, where it has one without a login."""


def python_port(text: str) -> int | None:
    """Where a Python program listens that starts a server without a port."""
    return next((port for pattern, port in _PYTHON if pattern.search(text)), None)


def ruby_port(text: str) -> int | None:
    """Where Sinatra listens that is told nothing."""
    return 4567 if _SINATRA.search(text) and "set :port" not in text else None


def spring(tree: SourceTree, folder: str) -> Spring | None:
    """The one web application that the folder of a Dockerfile builds; none where there is none, or several."""
    prefix = f"{folder}/" if folder else ""
    names = [path for path in tree.paths() if path.startswith(prefix)]
    builds = [path for path in names if path.rpartition("/")[2] in _BUILDS and path[len(prefix) :].count("/") <= 1]
    found = [(path, text) for path in builds if _SPRING.search(text := text_of(tree, path))]
    homes = {path.rpartition("/")[0] for path, _ in found}
    if len(homes) != 1:
        return None
    # The same project may be built by Maven and by Gradle.
    path, build, home = found[0][0], "\n".join(text for _, text in found), homes.pop()
    inner = [each for each in names if _SETTINGS.search(each) and each.startswith(f"{home}/" if home else "")]
    settings = [text_of(tree, each) for each in inner]
    ports = {int(match[1]) for text in settings for match in (*_PROPERTY.finditer(text), *_YAML.finditer(text))}
    chosen = any(_CHOSEN.search(text) for text in settings)
    port = ports.pop() if len(ports) == 1 else None if chosen else _DEFAULT
    guarded = "spring-boot-starter-security" in build or any(_MOVED.search(text) for text in settings)
    return Spring(path, port, "/actuator/health" if _ACTUATOR in build and not guarded else None)

"""The one place in the repository where an HTTP server's headers are set."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import msgspec

from daemon.domain.fix import Edit
from daemon.errors import SourceUnavailable
from workers.fixers.code import Text
from workers.fixers.http import python_apps, spring
from workers.fixers.registry import NoFix
from workers.source.tree import SourceTree, outside_packages

_MAX_FILES = 3000
_TEST = re.compile(r"(?:^|/)(?:tests?|spec|examples?|docs?|node_modules|vendor)/|[._-](?:test|spec)\.|Test\.kt$")
_NGINX = re.compile(rb"^([ \t]*)server[ \t]*\{[ \t]*\r?\n", re.MULTILINE)
_EXPRESS = re.compile(rb"^(?:const|let|var)[ \t]+(\w+)[ \t]*=[ \t]*express\(\);?[ \t]*(?=\r?$)", re.MULTILINE)
_KTOR = re.compile(rb"^([ \t]*)install\(DefaultHeaders\)[ \t]*\{[ \t]*\r?\n", re.MULTILINE)
_KTOR_MODULE = re.compile(rb"^([ \t]*)fun[ \t]+Application\.\w+\([^)]*\)[ \t]*\{[ \t]*\r?\n", re.MULTILINE)


class Place(msgspec.Struct, frozen=True):
    """Where, and how, a header is set."""

    framework: str
    path: str
    edit: Callable[[str, str], Edit]
    """Header and value → the edit."""
    declares: tuple[str, ...]
    quiet: Callable[[], Edit] | None = None
    """The edit after which it no longer says what it is, where that is one."""


def place_of(tree: SourceTree) -> Place:
    """The only server of the repository.

    Raises:
        NoFix: there is none that can be read, or there are several.
    """
    found = [place for path in _sources(tree) for place in _places(path, _read(tree, path), tree)]
    if len(found) != 1:
        what = ", ".join(f"{place.path} ({place.framework})" for place in found[:4]) or "no server that is known here"
        message = f"which code answers the address is not plain to see: the repository has {what}"
        raise NoFix(message)
    return found[0]


def _sources(tree: SourceTree) -> list[str]:
    wanted = (".conf", ".js", ".mjs", ".cjs", ".ts", ".py", ".kt", ".java", ".template")
    return [path for path in tree.paths() if path.endswith(wanted) and not _TEST.search(outside_packages(path))][
        :_MAX_FILES
    ]


def _read(tree: SourceTree, path: str) -> bytes:
    try:
        content = tree.read(path)
        content.decode()
    except (SourceUnavailable, UnicodeDecodeError):
        return b""
    return content


def _places(path: str, content: bytes, tree: SourceTree) -> Iterator[Place]:
    if path.endswith((".conf", ".template")):
        yield from _nginx(path, content)
    elif path.endswith((".js", ".mjs", ".cjs", ".ts")):
        yield from _express(path, content)
    elif path.endswith(".py"):
        yield from _python(path, content)
    elif path.endswith(".java"):
        yield from _spring(path, content, tree)
    elif path.endswith(".kt"):
        yield from _ktor(path, content)


def _nginx(path: str, content: bytes) -> Iterator[Place]:
    if re.search(rb"^\s*location\b[^{]*\{[^}]*\badd_header\b", content, re.MULTILINE):
        # A block with headers of its own inherits none from around it: where to add one is for its authors.
        return
    for match in _NGINX.finditer(content):
        text = Text(path, content)
        inner = re.match(rb"([ \t]+)\S", content[match.end() :])
        indent = inner[1].decode() if inner else match[1].decode() + "    "

        def edit(name: str, value: str, text: Text = text, at: int = match.end(), indent: str = indent) -> Edit:
            return text.insert(at, f'{indent}add_header {name} "{value}" always;\n')

        def quiet(text: Text = text, at: int = match.end(), indent: str = indent) -> Edit:
            return text.insert(at, f"{indent}server_tokens off;\n")

        said = re.search(rb"^\s*server_tokens\b", content, re.MULTILINE) is not None
        yield Place("nginx", path, edit, (f"insert:{text.line_of(match.end())}",), None if said else quiet)


def _express(path: str, content: bytes) -> Iterator[Place]:
    for match in _EXPRESS.finditer(content):
        text, app = Text(path, content), match[1].decode()

        def edit(name: str, value: str, text: Text = text, at: int = match.end(), app: str = app) -> Edit:
            unit = text.indent_unit
            body = f'{unit}res.setHeader("{name}", "{value}");\n{unit}next();\n'
            return text.insert(at, f"\n\n{app}.use((req, res, next) => {{\n{body}}});")

        def quiet(text: Text = text, at: int = match.end(), app: str = app) -> Edit:
            return text.insert(at, f'\n\n{app}.disable("x-powered-by");')

        said = b"x-powered-by" in content.lower()
        yield Place("Express", path, edit, (f"insert:{text.line_of(match.end()) + 1}",), None if said else quiet)


def _python(path: str, content: bytes) -> Iterator[Place]:
    for framework, line, edit in python_apps.applications(path, content):
        yield Place(framework, path, edit, (f"insert:{line}",))


def _spring(path: str, content: bytes, tree: SourceTree) -> Iterator[Place]:
    for line, edit in spring.applications(path, content, tree):
        yield Place("Spring Boot", path, edit, (f"insert:{line}",))


def _ktor(path: str, content: bytes) -> Iterator[Place]:
    text = Text(path, content)
    for match in _KTOR.finditer(content):
        indent = match[1].decode() + "    "

        def edit(name: str, value: str, at: int = match.end(), indent: str = indent) -> Edit:
            return text.insert(at, f'{indent}header("{name}", "{value}")\n')

        yield Place("Ktor", path, edit, (f"insert:{text.line_of(match.end())}",))
        return
    if b"import io.ktor.server.application.*" not in content:
        return
    for match in _KTOR_MODULE.finditer(content):
        indent = match[1].decode() + "    "

        def intercept(name: str, value: str, at: int = match.end(), indent: str = indent) -> Edit:
            body = f'{indent}    call.response.headers.append("{name}", "{value}")\n'
            return text.insert(at, f"{indent}intercept(ApplicationCallPipeline.Plugins) {{\n{body}{indent}}}\n")

        yield Place("Ktor", path, intercept, (f"insert:{text.line_of(match.end())}",))

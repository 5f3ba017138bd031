"""Spring Boot's application class, where a filter can set a header on everything that it answers."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator

from daemon.domain.fix import Edit
from workers.fixers.code import Text
from workers.source.tree import SourceTree, text_of

_APPLICATION = re.compile(
    rb"^@SpringBootApplication\b[^{}]*?\bclass\s+\w+[^{};]*\{[ \t]*(?=\r?$)", re.MULTILINE | re.DOTALL
)
_SERVLETS = re.compile(r"spring-boot-starter-web(?:mvc)?(?![\w-])")
_MAJOR = re.compile(
    r"spring-boot-starter-parent</artifactId>\s*<version>(\d+)\.|org\.springframework\.boot[\"']\)?\s*version\s*[\"'](\d+)\."
    r"|org\.springframework\.boot:spring-boot(?:-dependencies|-gradle-plugin):(\d+)\."
)
_BUILD = ("pom.xml", "build.gradle", "build.gradle.kts", "libs.versions.toml")
_JAKARTA_SINCE = 3


def applications(path: str, content: bytes, tree: SourceTree) -> Iterator[tuple[int, Callable[[str, str], Edit]]]:
    """The line that the class's body starts with, and header and value → the edit; of servlet applications alone."""
    match = _APPLICATION.search(content)
    servlet = _servlet_package(tree) if match is not None else None
    if match is None or servlet is None:
        return
    text = Text(path, content)
    unit, at = text.indent_unit, match.end()

    def edit(name: str, value: str) -> Edit:
        head, *rest = name.split("-")
        method = head.lower() + "".join(rest) + "Filter"
        lines = [
            "@org.springframework.context.annotation.Bean",
            f"public {servlet}.Filter {method}() {{",
            f"{unit}return (request, response, chain) -> {{",
            f'{unit * 2}(({servlet}.http.HttpServletResponse) response).setHeader("{name}", "{value}");',
            f"{unit * 2}chain.doFilter(request, response);",
            f"{unit}}};",
            "}",
        ]
        return text.insert(at, "\n" + "\n".join(f"{unit}{line}" for line in lines))

    yield text.line_of(at) + 1, edit


def _servlet_package(tree: SourceTree) -> str | None:
    """`jakarta.servlet` or `javax.servlet`, by the release of Spring Boot; none where it serves no servlets."""
    builds = [text for path in tree.paths() if posixpath.basename(path) in _BUILD and (text := text_of(tree, path))]
    if not any(_SERVLETS.search(text) for text in builds):
        return None
    majors = {int(next(filter(None, match.groups()))) for text in builds for match in _MAJOR.finditer(text)}
    if len(majors) != 1:
        return None
    return "jakarta.servlet" if majors.pop() >= _JAKARTA_SINCE else "javax.servlet"

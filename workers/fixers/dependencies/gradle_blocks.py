"""Places in a Gradle build script where a version can be set without touching what asks for it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from daemon.domain.fix import Edit
from workers.fixers.dependencies.job import newline_of
from workers.source.manifests.gradle import blank_comments

_STRINGS = re.compile(r"\"\"\"[\s\S]*?\"\"\"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'")
_CODE = re.compile(
    r"(compile|runtime)classpath$|^(implementation|api|compileonly|runtimeonly|testimplementation)", re.IGNORECASE
)
_MAKES_CODE = re.compile(
    r"(?:\bid\s*\(?\s*|\bplugin\s*:\s*|\bplugin\s*\(\s*|\bapply\s*\(\s*plugin\s*=\s*)[\"']"
    r"(?:java|java-library|java-gradle-plugin|application|war|groovy|scala|kotlin|kotlin-android|com\.android\.\w+"
    r"|org\.jetbrains\.kotlin\.(?:jvm|android)|org\.springframework\.boot)[\"'](?![^\n]*\bapply\s+false)"
    r"|^[ \t]*(?:`java(?:-library)?`|java|application|`kotlin-dsl`|groovy|scala|war)[ \t]*$"
    r"|\bkotlin\s*\(\s*[\"'](?:jvm|android)[\"']\s*\)(?![^\n]*\bapply\s+false)",
    re.MULTILINE,
)
"""Plugins that give a project configurations for code."""
_TEST = re.compile(r"^(test|debugunittest|releaseunittest|\w*androidtest)", re.IGNORECASE)


def is_code(scopes: str) -> bool:
    """Whether any of these comma-separated configurations belongs to the project's code, not to a build tool."""
    return any(_CODE.search(scope) or scope.endswith("DependenciesMetadata") for scope in scopes.split(","))


def declaring(scopes: Sequence[str]) -> str:
    """The configuration to declare in, so that all of these see it."""
    code = [scope for scope in scopes if is_code(scope)]
    if scopes and not code:
        return scopes[0]
    return "testImplementation" if code and all(_TEST.match(scope) for scope in code) else "implementation"


class Script:
    """A build script's text, with comments and strings blanked where braces are counted."""

    def __init__(self, path: str, content: bytes) -> None:
        self.path = path
        self.content = content
        self.kotlin = path.endswith(".kts")
        self.newline = newline_of(content)
        text = blank_comments(path, content)
        self.text = text
        self.bare = _STRINGS.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
        unit = re.search(r"^([ \t]+)\S", self.bare, re.MULTILINE)
        self.unit = unit[1] if unit else "    "

    @property
    def managed_by_spring(self) -> bool:
        """Whether Spring's dependency-management plugin decides versions: it overrules constraints."""
        return "io.spring.dependency-management" in self.text

    def has(self, configuration: str) -> bool:
        """Whether the script shows that its own project has the configuration: it declares in it, or is code itself."""
        block = self._block("dependencies")
        inside = self.bare[slice(*block)] if block else ""
        return bool(re.search(rf"\b{re.escape(configuration)}\b", inside)) or any(
            self._at_top(match.start()) for match in _MAKES_CODE.finditer(self.text)
        )

    def _at_top(self, at: int) -> bool:
        """Whether it stands in no block but `plugins`: what a parent gives to its children is not its own."""
        plugins = self._block("plugins")
        return (plugins is not None and plugins[0] <= at < plugins[1]) or (
            self.bare.count("{", 0, at) == self.bare.count("}", 0, at)
        )

    def constrains(self, name: str) -> bool:
        """Whether a constraint on the package stands there already."""
        existing = self._block("constraints", inside=self._block("dependencies"))
        return existing is not None and f"{name}:" in self.text[slice(*existing)]

    def constraint(self, configuration: str, coordinates: Sequence[str], because: str) -> Edit | None:
        """Constraints with their reason; none in a multiplatform build, whose source sets declare for themselves."""
        if self._multiplatform:
            return None
        reason = f"because({self._quote(because)})" if self.kotlin else f"because {self._quote(because)}"
        entries = [
            line
            for coordinate in coordinates
            for line in (f"{self._call(configuration, self._quote(coordinate))} {{", f"{self.unit}{reason}", "}")
        ]
        existing = self._block("constraints", inside=self._block("dependencies"))
        if existing:
            return self._at_end(existing, entries)
        return self._in_dependencies(["constraints {", *(f"{self.unit}{line}" for line in entries), "}"])

    def platform(self, configuration: str, coordinate: str) -> Edit | None:
        """A bill of materials; none in a multiplatform build."""
        if self._multiplatform:
            return None
        return self._in_dependencies([self._call(configuration, f"platform({self._quote(coordinate)})")])

    def force(self, coordinate: str, configurations: Sequence[str]) -> Edit:
        """A forced version, in all configurations or in those named."""
        if configurations:
            names = " || ".join(f"it.name == {self._quote(name)}" for name in configurations)
            head = f"configurations.matching {{ {names} }}.configureEach {{"
        else:
            head = "configurations.configureEach {"
        unit = self.unit
        return self._append(
            [head, f"{unit}resolutionStrategy {{", f"{unit * 2}force({self._quote(coordinate)})", f"{unit}}}", "}"]
        )

    def spring_management(self, name: str, version: str) -> Edit:
        """The version where Spring's plugin reads it."""
        row = (
            f"dependency({self._quote(f'{name}:{version}')})"
            if self.kotlin
            else f"dependency {self._quote(f'{name}:{version}')}"
        )
        outer = self._block("dependencyManagement")
        inner = self._block("dependencies", inside=outer) if outer else None
        if inner:
            return self._at_end(inner, [row])
        block = ["dependencies {", f"{self.unit}{row}", "}"]
        if outer:
            return self._at_end(outer, block)
        return self._append(["dependencyManagement {", *(f"{self.unit}{line}" for line in block), "}"])

    @property
    def _multiplatform(self) -> bool:
        return bool(re.search(r"multiplatform", self.text))

    def _call(self, configuration: str, argument: str) -> str:
        if configuration in ("implementation", "testImplementation"):
            return f"{configuration}({argument})"
        return f"add({self._quote(configuration)}, {argument})"

    def _quote(self, text: str) -> str:
        return f'"{text}"' if self.kotlin else f"'{text}'"

    def _in_dependencies(self, lines: Sequence[str]) -> Edit:
        block = self._block("dependencies")
        if block:
            return self._at_end(block, lines)
        return self._append(["dependencies {", *(f"{self.unit}{line}" for line in lines), "}"])

    def _block(self, name: str, inside: tuple[int, int] | None = None) -> tuple[int, int] | None:
        """The insides of the block of that name that is directly in `inside`, or at the top."""
        start, end = inside or (0, len(self.bare))
        for match in re.finditer(rf"\b{name}\s*\{{", self.bare[start:end]):
            opening = start + match.end()
            before = self.bare[start : start + match.start()]
            if before.count("{") == before.count("}"):
                return opening, self._closing(opening)
        return None

    def _closing(self, opening: int) -> int:
        depth = 1
        for match in re.finditer(r"[{}]", self.bare[opening:]):
            depth += 1 if match[0] == "{" else -1
            if depth == 0:
                return opening + match.start()
        return len(self.bare)

    def _at_end(self, block: tuple[int, int], lines: Sequence[str]) -> Edit:
        """New lines as a block's last ones."""
        closing = block[1]
        line_start = self.text.rfind("\n", 0, closing) + 1
        own_line = not self.text[line_start:closing].strip()
        margin = re.match(r"[ \t]*", self.text[line_start:])
        base = margin[0] if margin else ""
        body = self.newline.join(f"{base}{self.unit}{line}" for line in lines)
        if own_line:
            return Edit(path=self.path, start=line_start, end=line_start, text=f"{body}{self.newline}")
        return Edit(path=self.path, start=closing, end=closing, text=f"{self.newline}{body}{self.newline}{base}")

    def _append(self, lines: Sequence[str]) -> Edit:
        lead = self.newline if self.content.endswith(b"\n") or not self.content else self.newline * 2
        at = len(self.content)
        return Edit(path=self.path, start=at, end=at, text=f"{lead}{self.newline.join(lines)}{self.newline}")

"""YAML whose tags name the classes that are made of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate, parsed, region
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.tree import folders_up, text_of

_VERSION = re.compile(
    r"snakeyaml</artifactId>\s*<version>\s*(\d+)\.(\d+)|org\.yaml:snakeyaml:(\d+)\.(\d+)"
    r"|snakeyaml\.version[>=\s\"':]+(\d+)\.(\d+)"
)
_BOOT = re.compile(
    r"spring-boot-starter-parent</artifactId>\s*<version>\s*(\d+)\.(\d+)"
    r"|org\.springframework\.boot[\"']\)?\s*version\s*[\"'](\d+)\.(\d+)"
)
_BUILDS = ("pom.xml", "build.gradle", "build.gradle.kts")
_PACKAGE = "org.yaml.snakeyaml"


@fixer(
    name="jvm-yaml-load",
    weakness="objects of any class made of YAML",
    cwes=(502,),
    rules={"semgrep": ["use-snakeyaml-constructor"]},
    explain="""`new Yaml()` of SnakeYAML makes whatever class a tag of the document names,
`!!javax.script.ScriptEngine…` for one, which fetches code from elsewhere and runs it (CWE-502).

With `SafeConstructor` a document is maps, lists, texts and numbers, and a tag that names a class is refused. That is
what a document without such tags came to before, too.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`new Yaml()` → `new Yaml(new SafeConstructor(…))`."""
    file = parsed(target, "java")
    where = region(target)
    made = [
        node
        for node in file.of("object_creation_expression")
        if file.number(node) in where.lines
        and re.fullmatch(r"new\s+(?:org\.yaml\.snakeyaml\.)?Yaml\(\s*\)", file.text(node))
    ]
    if not made:
        message = f"{file.path}:{where.start_line} does not show `new Yaml()`"
        raise NoFix(message)
    options = f"new {_PACKAGE}.LoaderOptions()" if _takes_options(target, file) else ""
    yield candidate(
        "safe-constructor",
        [
            file.edit(
                made[0].end_byte - 1, made[0].end_byte - 1, f"new {_PACKAGE}.constructor.SafeConstructor({options})"
            )
        ],
        "A document is maps, lists, texts and numbers; a tag that names a class is refused.",
        warnings=("Documents that name classes by tags are refused.",),
    )


def _takes_options(target: Target, file: Parsed) -> bool:
    """Whether the release takes LoaderOptions, as 1.26 does for the first time and 2.0 asks for.

    Raises:
        NoFix: no build file says which release it is.
    """
    for folder in folders_up(file.path.rpartition("/")[0]):
        for name in _BUILDS:
            text = text_of(target.tree, f"{folder}/{name}".lstrip("/"))
            for pattern, since in ((_VERSION, (1, 26)), (_BOOT, (2, 3))):
                found = pattern.search(text)
                if found is not None:
                    major, minor = (int(each) for each in found.groups() if each is not None)
                    return (major, minor) >= since
    message = f"{file.path} does not show which release of SnakeYAML it uses: SafeConstructor takes options since 1.26"
    raise NoFix(message)

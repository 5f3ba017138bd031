"""APIs that answer every site."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import any_of, candidate
from workers.fixers.python.source.imports import imported
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.python.source.variables import definitions
from workers.fixers.registry import NoFix, NotHere, Target, fixer


@fixer(
    name="python-open-cors",
    weakness="cross-origin access for every site",
    cwes=(346, 942),
    rules={"semgrep": ["wildcard-cors"]},
    explain="""`allow_origins=["*"]` lets scripts of every site read what the API answers; together with
`allow_credentials` the framework echoes each origin, so they read it as the signed-in user (CWE-346, CWE-942).

A list of the sites that really call it is the fix. From the environment it can differ by place; an empty list lets
none in, which is right for an API that only its own pages call.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`["*"]` → a list from the environment, or none."""
    file, wild = _wild(target)
    declares = (f"statement:{file.statement(wild).lineno}",)

    def from_environment() -> Candidate:
        system = imported(target, file, "os")
        text = f'{system.name}.environ.get("ALLOWED_ORIGINS", "").split()'
        return candidate(
            "origins-from-environment",
            [file.replace(wild, text), *system.edits],
            "Only the sites in ALLOWED_ORIGINS, separated by blanks, can read the answers.",
            declares=(*system.declares, *declares),
            warnings=("Set ALLOWED_ORIGINS to the sites that call this API.",),
        )

    yield from any_of(
        from_environment,
        lambda: candidate(
            "same-origin-only",
            [file.replace(wild, "[]")],
            "Only pages of the API's own origin can read the answers.",
            declares=declares,
            warnings=("Other sites' pages that call this API stop working: name them here.",),
        ),
    )


def _wild(target: Target) -> tuple[Module, ast.List]:
    """The list, where it stands or where its variable is given it."""
    try:
        return flagged(target, ast.List, _is_wild)
    except NotHere:
        file, name = flagged(target, ast.Name, _is_origins)
    defined = definitions(file, name)
    value = defined[0].value if defined is not None and len(defined) == 1 else None
    if not isinstance(value, ast.List) or not _is_wild(file, value):
        message = f"{file.path}:{name.lineno} takes its origins from `{name.id}`, which is made elsewhere"
        raise NoFix(message)
    return file, value


def _is_origins(file: Module, name: ast.Name) -> bool:
    holder = file.parents.get(name)
    return isinstance(holder, ast.keyword) and holder.arg == "allow_origins"


def _is_wild(_file: Module, node: ast.List) -> bool:
    return [each.value for each in node.elts if isinstance(each, ast.Constant)] == ["*"] and len(node.elts) == 1

"""YAML that makes functions: `load` of js-yaml before its fourth release."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate
from workers.fixers.javascript.manifest import dependencies
from workers.fixers.javascript.script import arguments, called, flagged_node
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.tree import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_MODULE = "js-yaml"
_PLAIN_SINCE = 4
_BOUND = re.compile(
    r"""\b(?:const|let|var)\s+(\w+)\s*=\s*require\(\s*['"]js-yaml['"]\s*\)|\bimport\s+(?:\*\s+as\s+)?(\w+)\s+from\s+['"]js-yaml['"]"""
)
_MAJOR = re.compile(r"[\^~>=v\s]*(\d+)")


@fixer(
    name="javascript-yaml-load",
    weakness="unsafe deserialisation",
    cwes=(502,),
    rules={"njsscan": ["yaml_deserialize"]},
    in_tests=False,
    explain="""Before its fourth release js-yaml's `load` knew the tag `!!js/function`: who writes the YAML writes code
that runs as soon as the value is used (CWE-502). `safeLoad` reads YAML's own types only, and with the JSON schema no
dates and binary data either. Since release 4 `load` itself is the safe one, and `safeLoad` is gone.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`load` → `safeLoad`, with YAML's own types or with JSON's."""
    file, call = flagged_node(target, ("call_expression",), lambda each, node: called(each, node).endswith(".load"))
    where = f"{file.path}:{file.number(call)}"
    module = called(file, call).rpartition(".")[0]
    if module not in {name for names in _BOUND.findall(file.content.decode("utf-8", "replace")) for name in names}:
        message = f"{where} calls `{module}.load`, which is not js-yaml's"
        raise Harmless(message)
    wanted = _MAJOR.match(dependencies(target.tree, file.path).get(_MODULE, ""))
    major = int(wanted[1]) if wanted else None
    if major is None:
        message = f"no package.json above {file.path} says which release of {_MODULE} is installed"
        raise NoFix(message)
    if major >= _PLAIN_SINCE:
        message = f"{where} calls `load` of {_MODULE} {major}, which makes plain values only: the old one is gone"
        raise Harmless(message)
    tagged = next(
        (
            path
            for path in target.tree.paths()
            if path.endswith((".yml", ".yaml")) and "!!js/" in text_of(target.tree, path)
        ),
        None,
    )
    if tagged is not None:
        message = (
            f"{tagged} has `!!js/` tags, which the safe loader refuses: move what they hold into the program first"
        )
        raise NoFix(message)
    given = arguments(call)
    yield _safe(file, call, "safe-load", "", "Only YAML's own types are read: maps, lists, texts, numbers and dates.")
    if len(given) == 1:
        schema = f", {{ schema: {module}.JSON_SCHEMA }}"
        yield _safe(file, call, "json-types", schema, "Only the types of JSON are read: a date stays a text.")


def _safe(file: Parsed, call: Node, approach: str, more: str, how: str) -> Candidate:
    name = call.child_by_field_name("function")
    load = name.child_by_field_name("property") if name is not None else None
    if load is None:
        message = f"{file.path}:{file.number(call)} does not name the function that it calls"
        raise NoFix(message)
    edits = [file.replace(load, "safeLoad")]
    if more:
        given = arguments(call)[-1]
        edits.append(file.replace(given, f"{file.text(given)}{more}"))
    return candidate(approach, edits, how, warnings=("YAML with `!!js/` tags is now refused.",))

"""Files whose name comes from an archive, a request or another application."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate, flagged_node
from workers.fixers.jvm.cipher_sites import CALLS, arguments, called
from workers.fixers.jvm.fixed_text import is_fixed
from workers.fixers.jvm.source import is_kotlin, jvm
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.syntax import ancestors

if TYPE_CHECKING:
    from tree_sitter import Node

_DECLARED = ("local_variable_declaration", "property_declaration")
_LOOPS = ("while_statement", "for_statement", "enhanced_for_statement", "do_while_statement")
_STEPS = re.compile(r"nextEntry|NextEntry|NextZipEntry|hasMoreElements|hasNext|^for\s*\([^?]*(?:\bin\b|:)")
_METHODS = ("method_declaration", "constructor_declaration", "lambda_expression")
_HANDLED = re.compile(r"\b(?:IOException|Exception|Throwable)\b")


class _Made(msgspec.Struct, frozen=True):
    """A file that is given a name, as `File NAME = new File(FOLDER, …);` does."""

    name: str
    folder: str
    statement: Node


@fixer(
    name="jvm-path-below",
    weakness="path out of its folder",
    cwes=(22, 23),
    rules={
        "mobsfscan": [
            "android_zip_slip",
            "android_kotlin_zip_slip",
            "android_provider_path_traversal",
            "android_kotlin_provider_path_traversal",
        ],
        "semgrep": ["zip-slip", "httpservlet-path-traversal", "*zipslip*"],
    },
    explain="""An archive may hold an entry named `../../settings.xml`, and a URI may end in `..%2Fdatabases%2Fusers`: a
file of that name lies outside of the folder that was meant, and is overwritten or given away (CWE-22).

Once links and `..` are worked out, the path has to begin with the folder's, and with the separator behind it, as
`/data/app-private` begins with `/data/app` too. A name that does not is refused; of an archive, the other entries can
still be unpacked.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`new File(folder, name)` → followed by a check that it lies below the folder."""
    file, call = flagged_node(target, jvm(target), ("object_creation_expression", *CALLS), _makes_file)
    made = _made(file, call)
    if is_fixed(file, arguments(call)[1]):
        message = f"{file.path}:{file.number(call)} takes a name that the program itself writes: it leads nowhere else"
        raise Harmless(message)
    if _is_checked(file, made):
        message = f"{file.path}:{file.number(call)} is compared with its folder before it is used"
        raise Harmless(message)
    yield from any_of(lambda: _refused(file, made), lambda: _skipped(file, made))


def _makes_file(file: Parsed, node: Node) -> bool:
    text = re.sub(r"\s+", " ", file.text(node))
    kotlin = is_kotlin(file) and called(file, node) in {"File", "java.io.File"}
    return (kotlin or text.startswith(("new File(", "new java.io.File("))) and bool(arguments(node))


def _made(file: Parsed, call: Node) -> _Made:
    where = f"{file.path}:{file.number(call)}"
    holder = next((each for each in ancestors(call) if each.type in _DECLARED), None)
    found = (
        re.match(r"(?:final\s+)?(?:(?:java\.io\.)?File|val)\s+(?P<name>\w+)\s*(?::\s*File\s*)?=\s*", file.text(holder))
        if holder
        else None
    )
    given = arguments(call)
    if holder is None or found is None or holder.start_byte + len(found[0].encode()) != call.start_byte:
        message = f"{where} uses the file without giving it a name: make it a variable and check that"
        raise NoFix(message)
    if len(given) != 2:
        message = f"{where} does not show the folder that the file has to stay in"
        raise NoFix(message)
    return _Made(found["name"], file.text(given[0]), holder)


def _is_checked(file: Parsed, made: _Made) -> bool:
    """Whether the statements that follow ask whether the worked out path begins with a folder's."""
    block = made.statement.parent
    after = file.slice(made.statement.end_byte, block.end_byte) if block is not None else ""
    worked_out = r"(?:normalize\(|[cC]anonicalPath|toRealPath\()"
    asked = re.search(rf"\bif\s*\([^;{{}}]*\b{made.name}\b[^;{{}}]*\bstartsWith\(", after)
    return asked is not None and re.search(worked_out, after[: asked.end()]) is not None


def _outside(file: Parsed, made: _Made) -> str:
    """The condition under which the file lies outside."""
    io = "java.io." if "java.io.File(" in file.text(made.statement) else ""
    if is_kotlin(file):
        return f'!{made.name}.canonicalPath.startsWith({io}File({made.folder}, ".").canonicalPath + {io}File.separator)'
    folder = f'new {io}File({made.folder}, ".").getCanonicalPath()'
    return f"!{made.name}.getCanonicalPath().startsWith({folder} + {io}File.separator)"


def _refused(file: Parsed, made: _Made) -> Candidate:
    new, end = ("", "") if is_kotlin(file) else ("new ", ";")
    unit = file.indent_unit
    check = [
        f"if ({_outside(file, made)}) {{",
        f'{unit}throw {new}SecurityException("the name leads out of its folder"){end}',
        "}",
    ]
    if not is_kotlin(file) and not _may_throw(file, made.statement):
        check = [
            "try {",
            *(unit + line for line in check),
            "} catch (java.io.IOException error) {",
            f"{unit}throw new SecurityException(error);",
            "}",
        ]
    return _after(file, made, check, "refused", "A name that leads out of the folder is refused.")


def _skipped(file: Parsed, made: _Made) -> Candidate:
    block = made.statement.parent
    loop = next((each for each in ancestors(block) if each.type in _LOOPS), None) if block is not None else None
    where = f"{file.path}:{file.number(made.statement)}"
    if loop is None or not _STEPS.search(file.text(loop).partition("{")[0]):
        message = f"{where} is in no loop that goes on to the next entry by itself"
        raise NoFix(message)
    if not is_kotlin(file) and not _may_throw(file, made.statement):
        message = f"{where} has no room for an IOException"
        raise NoFix(message)
    end = "" if is_kotlin(file) else ";"
    check = [f"if ({_outside(file, made)}) {{", f"{file.indent_unit}continue{end}", "}"]
    return _after(file, made, check, "skipped", "An entry that leads out of the folder is not unpacked.")


def _may_throw(file: Parsed, node: Node) -> bool:
    """Whether an IOException may leave the statement: the method says so, or a `catch` around it takes it."""
    for each in ancestors(node):
        if each.type in {"try_statement", "try_with_resources_statement"}:
            caught = [child for child in each.named_children if child.type == "catch_clause"]
            if any(_HANDLED.search(file.text(child).partition(")")[0]) for child in caught):
                return True
        if each.type in _METHODS:
            return _HANDLED.search(file.text(each).partition("{")[0].partition("throws")[2]) is not None
    return False


def _after(file: Parsed, made: _Made, check: list[str], approach: str, why: str) -> Candidate:
    following = made.statement.next_named_sibling
    line = file.line_of(made.statement.end_byte)
    rest = file.slice(made.statement.end_byte, file.line_end(line)).strip(" \t;")
    if following is None or rest or line >= len(file.starts) or file.number(following) <= line:
        message = f"{file.path}:{line} has no line of its own for a check"
        raise NoFix(message)
    indent = file.indent(file.number(made.statement))
    text = "".join(f"{indent}{each}\n" for each in check)
    return candidate(
        approach, [file.insert(file.starts[line], text)], why, declares=(f"insert:{file.number(following)}",)
    )

"""XML parsed with the standard library's parsers, which expand what the document tells them to."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import any_of, candidate, region
from workers.fixers.python.defused_errors import ERROR, caught_too, handlers_of
from workers.fixers.python.source.import_instead import instead
from workers.fixers.python.source.imports import Import, imported, imported_from, replaced, together
from workers.fixers.python.source.module import Module, flagged, module
from workers.fixers.python.source.required import required
from workers.fixers.python.xml_building import refuse_harmless
from workers.fixers.registry import NoFix, Target, fixer

# What each module of defusedxml offers in place of the standard library's.
_OFFERED = {
    "xml.etree.ElementTree": {
        "parse",
        "iterparse",
        "fromstring",
        "XML",
        "XMLParser",
        "tostring",
        "ParseError",
        "XMLParse",
    },
    "xml.etree.cElementTree": {"parse", "iterparse", "fromstring", "XML", "XMLParser", "tostring", "ParseError"},
    "xml.sax": {"parse", "parseString", "make_parser"},
    "xml.dom.minidom": {"parse", "parseString"},
    "xml.dom.pulldom": {"parse", "parseString"},
    "xml.dom.expatbuilder": {"parse", "parseString"},
}
_DEFUSED = {
    "xml.etree.ElementTree": "defusedxml.ElementTree",
    "xml.etree.cElementTree": "defusedxml.ElementTree",
    "xml.sax": "defusedxml.sax",
    "xml.dom.minidom": "defusedxml.minidom",
    "xml.dom.pulldom": "defusedxml.pulldom",
    "xml.dom.expatbuilder": "defusedxml.expatbuilder",
}
_PARSES = ("parse", "iterparse", "fromstring", "XML", "parseString", "make_parser", "XMLParser")


@fixer(
    name="python-xml-parser",
    weakness="XML entity expansion",
    cwes=(611, 776),
    rules={
        "bandit": ["B313", "B314", "B316", "B317", "B318", "B319", "B405", "B406", "B407", "B408", "B409"],
        "semgrep": ["use-defused-xml", "use-defused-xml-parse"],
    },
    explain="""An XML document can define entities in terms of each other, so that a kilobyte becomes gigabytes (the
"billion laughs"), or name files and addresses for the parser to fetch (CWE-611, CWE-776). The standard library's
parsers do as they are told.

`defusedxml` has the same functions and refuses such documents with an exception; a handler of malformed documents takes
that one as well. Where a file only parses, the import alone changes. Where it also builds documents, only the parsing
call moves, since building needs no protection.""",
    in_tests=False,
)
def propose(target: Target) -> Iterator[Candidate]:
    """An import or a call of a standard parser → that of defusedxml."""
    file = module(target)
    call = _flagged_call(target)
    if call is None:
        refuse_harmless(file, region(target).start_line)
        _file, statement = flagged(target, ast.stmt, _imports_parser)
        yield _import_moved(target, file, statement)
        return
    source = _source(file, call)
    yield from any_of(
        lambda: _call_moved(target, file, call, source),
        lambda: _import_moved(target, file, _import_of(file, source)),
    )


def _flagged_call(target: Target) -> ast.Call | None:
    try:
        return flagged(target, ast.Call, lambda file, node: _source_or_none(file, node) is not None)[1]
    except NoFix:
        return None


def _source_or_none(file: Module, call: ast.Call) -> str | None:
    module_name, _, name = (file.qualified(call.func) or "").rpartition(".")
    return module_name if module_name in _DEFUSED and name in _PARSES else None


def _source(file: Module, call: ast.Call) -> str:
    return _source_or_none(file, call) or ""


def _call_moved(target: Target, file: Module, call: ast.Call, source: str) -> Candidate:
    safe = _DEFUSED[source]
    name = (file.qualified(call.func) or "").rpartition(".")[2]
    if name not in _OFFERED[source]:
        message = f"{file.path}:{call.lineno} calls {name}, which defusedxml does not have"
        raise NoFix(message)
    asked = required(target.tree, file.path, "defusedxml")
    defused = instead(file, call.func, imported(target, file, safe))
    caught = _caught(target, file, [call], defused.name)
    return candidate(
        "defused-call",
        [file.replace(call.func, f"{defused.name}.{name}"), *defused.edits, *caught.edits, *asked.edits],
        "This call goes through defusedxml, which refuses entity tricks; everything else keeps the standard library.",
        declares=(*defused.declares, *caught.declares, *asked.declares),
        warnings=asked.warnings,
    )


def _caught(target: Target, file: Module, calls: Sequence[ast.Call], module_name: str) -> Import:
    """The handlers that expect a malformed document, with what defusedxml raises, by whichever name there is for it."""
    handlers = handlers_of(file, calls)
    if not handlers:
        return Import("")
    if module_name.startswith("defusedxml."):
        return caught_too(file, handlers, f"defusedxml.{ERROR}")
    error = imported_from(target, file, "defusedxml", ERROR)
    return together(error, caught_too(file, handlers, error.name))


def _import_of(file: Module, source: str) -> ast.stmt:
    statement = next((each for each in file.tree.body if _imports(each, source)), None)
    if statement is None:
        message = f"{file.path} imports {source} in a form that cannot be moved as a whole"
        raise NoFix(message)
    return statement


def _imports_parser(_file: Module, statement: ast.stmt) -> bool:
    return any(_imports(statement, source) for source in _DEFUSED)


def _imports(statement: ast.AST, source: str) -> bool:
    match statement:
        case ast.Import(names=[alias]):
            return alias.name == source
        case ast.ImportFrom(module=name, level=0, names=names):
            parent, _, last = source.rpartition(".")
            return name == source or (name == parent and [each.name for each in names] == [last])
    return False


def _import_moved(target: Target, file: Module, statement: ast.stmt) -> Candidate:
    source = next(each for each in _DEFUSED if _imports(statement, each))
    used = _used_names(file, statement, source)
    missing = used - _OFFERED[source]
    if missing or not used & set(_PARSES):
        what = f"also uses {', '.join(sorted(missing))}" if missing else "parses nothing with it"
        message = (
            f"{file.path}:{statement.lineno} {what}; defusedxml only parses, so building XML keeps the standard library"
        )
        raise NoFix(message)
    asked = required(target.tree, file.path, "defusedxml")
    calls = [each for each in file.nodes if isinstance(each, ast.Call) and _source_or_none(file, each) == source]
    whole = isinstance(statement, ast.Import) and not statement.names[0].asname
    dotted = {file.statement(node).lineno for node in _dotted(file, source)} if whole else set()
    caught = _caught(target, file, calls, _DEFUSED[source] if whole else "")
    # The error's import goes with the moved one, wherever that goes.
    handlers = [edit for edit in caught.edits if not edit.text.strip().startswith("from")]
    below = f"\nfrom defusedxml import {ERROR}" if len(handlers) < len(caught.edits) else ""
    return candidate(
        "defused-import",
        [
            *_moved(file, statement, source, below),
            *handlers,
            *asked.edits,
        ],
        "defusedxml has the functions that this file uses and refuses entity expansion and external references.",
        declares=(
            f"statement:{statement.lineno}",
            f"import:{_DEFUSED[source]}",
            f"import:{source}/delete",
            *(f"statement:{line}" for line in sorted(dotted)),
            *caught.declares,
            *asked.declares,
        ),
        warnings=asked.warnings,
    )


def _moved(file: Module, statement: ast.stmt, source: str, below: str) -> list[Edit]:
    """The import of the safe module, with the one that comes below it, and what names it."""
    safe = _DEFUSED[source]

    def put(line: str) -> list[Edit]:
        return replaced(file, statement, line + below)

    match statement:
        case ast.Import(names=[ast.alias(asname=str(name))]):
            return put(f"import {safe} as {name}")
        case ast.ImportFrom(module=name, names=names) if name == source:
            start, end = file.span(statement)
            written = file.slice(start, end)
            at = written.index(source)
            del names
            renamed = file.edit(start + at, start + at + len(source), safe)
            end = file.line_end(statement.end_lineno or statement.lineno)
            return [renamed, *([file.insert(end, below)] if below else [])]
        case ast.ImportFrom(names=[alias]):
            package, _, last = safe.rpartition(".")
            local = alias.asname or alias.name
            return put(f"from {package} import {last}" + (f" as {local}" if local != last else ""))
    return [*put(f"import {safe}"), *(file.replace(node, safe) for node in _dotted(file, source))]


def _dotted(file: Module, source: str) -> list[ast.Attribute]:
    """Where the module is named in full."""
    return [node for node in file.nodes if isinstance(node, ast.Attribute) and file.text(node) == source]


def _used_names(file: Module, statement: ast.stmt, source: str) -> set[str]:
    if isinstance(statement, ast.ImportFrom) and statement.module == source:
        return {alias.name for alias in statement.names}
    prefix = f"{source}."
    names = {file.qualified(node) or "" for node in file.nodes if isinstance(node, ast.Attribute)}
    return {name.removeprefix(prefix).partition(".")[0] for name in names if name.startswith(prefix)}

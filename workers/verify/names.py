"""Names that a patched file uses and nothing defines: a fix that forgot its import passes every scanner and no run.

Only names that the original did not use already count, so that what a file takes from elsewhere (star imports,
classes of its own package, globals of a page) raises no doubt.
"""

from __future__ import annotations

import builtins
import functools
import re
import symtable
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from workers.source.syntax import Syntax, parse, walk
from workers.verify.kinds import suffix

if TYPE_CHECKING:
    from tree_sitter import Node

_MODULE_NAMES = frozenset(("__name__", "__file__", "__doc__", "__path__", "__package__", "__spec__", "__loader__"))
_PYTHON = frozenset(dir(builtins)) | _MODULE_NAMES
_SCRIPT = frozenset(
    re.findall(
        r"\w+",
        "undefined NaN Infinity globalThis window document console process module exports require global self this "
        "arguments Array ArrayBuffer BigInt Boolean Buffer DataView Date Error EvalError Float32Array Float64Array "
        "Function Int8Array Int16Array Int32Array Intl JSON Map Math Number Object Promise Proxy RangeError "
        "ReferenceError Reflect RegExp Set String Symbol SyntaxError TypeError URIError Uint8Array Uint16Array "
        "Uint32Array WeakMap WeakRef WeakSet AbortController AbortSignal Blob FormData Headers Request Response URL "
        "URLSearchParams TextDecoder TextEncoder crypto decodeURI decodeURIComponent encodeURI encodeURIComponent "
        "escape unescape eval fetch isFinite isNaN parseFloat parseInt setImmediate setInterval setTimeout "
        "clearImmediate clearInterval clearTimeout queueMicrotask structuredClone performance navigator location "
        "history localStorage sessionStorage DOMParser Element HTMLElement Node Event alert confirm prompt atob btoa "
        "__dirname __filename async await of as from",
    )
)
_SCRIPT_SUFFIXES = frozenset((".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts"))
_JAVA_LANG = frozenset(
    re.findall(
        r"\w+",
        "Object String StringBuilder StringBuffer CharSequence Boolean Byte Character Short Integer Long Float Double "
        "Number Math StrictMath System Runtime Process ProcessBuilder Thread Runnable ThreadLocal Class ClassLoader "
        "Enum Record Iterable Comparable AutoCloseable Cloneable Void Override Deprecated SuppressWarnings SafeVarargs "
        "FunctionalInterface Throwable Exception RuntimeException Error AssertionError IllegalArgumentException "
        "IllegalStateException NullPointerException IndexOutOfBoundsException UnsupportedOperationException "
        "SecurityException ArithmeticException ClassCastException ClassNotFoundException InterruptedException "
        "NumberFormatException CloneNotSupportedException StackTraceElement Package Module ModuleLayer",
    )
)


@functools.lru_cache(maxsize=512)
def new_undefined(path: str, before: bytes, after: bytes) -> tuple[str, ...]:
    """Names that only the patched file uses and that nothing in it defines, sorted; empty where that is unknown."""
    ending = suffix(path)
    if ending in {".py", ".pyw"}:
        return tuple(sorted(_undefined_python(after) - _undefined_python(before)))
    if ending in _SCRIPT_SUFFIXES:
        return tuple(_compared(path, before, after, _undefined_script))
    if ending == ".java":
        return tuple(_compared(path, before, after, _undefined_java))
    return ()


@functools.lru_cache(maxsize=64)
def _undefined_python(content: bytes) -> frozenset[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            top = symtable.symtable(content.decode("utf-8-sig"), "patched", "exec")
    except (SyntaxError, ValueError, RecursionError):
        return frozenset()
    tables = list(_tables(top))
    defined = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    declared = {symbol.get_name() for table in tables for symbol in table.get_symbols() if symbol.is_declared_global()}
    used = {
        symbol.get_name()
        for table in tables
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (symbol.is_global() or table is top)
    }
    return frozenset(used - defined - declared - _PYTHON)


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)


def _compared(path: str, before: bytes, after: bytes, undefined: object) -> list[str]:
    old, new = parse(before, path), parse(after, path)
    if old is None or new is None or old.problems or new.problems or not callable(undefined):
        return []
    known = {old.text(node) for node in walk(old.root) if _is_name(node)}
    return sorted(undefined(new) - known)


def _is_name(node: Node) -> bool:
    return not node.children and node.type.endswith("identifier")


def _undefined_script(tree: Syntax) -> set[str]:
    """Identifiers that are read and never bound: not declared, imported, a parameter or assigned to."""
    names = [node for node in walk(tree.root) if node.type in {"identifier", "shorthand_property_identifier"}]
    bound = {tree.text(node) for node in walk(tree.root) if _binds(node)}
    return {tree.text(node) for node in names} - bound - _SCRIPT


_BINDING_PARENTS = frozenset(
    (
        *(
            "formal_parameters",
            "import_specifier",
            "import_clause",
            "namespace_import",
            "array_pattern",
            "rest_pattern",
        ),
        *("required_parameter", "optional_parameter", "object_pattern", "pair_pattern", "object_assignment_pattern"),
        *("function_declaration", "class_declaration", "function_expression", "generator_function_declaration"),
        *("catch_clause", "labeled_statement", "statement_identifier", "for_in_statement", "enum_declaration"),
        *("assignment_pattern", "import_require_clause", "interface_declaration", "type_alias_declaration"),
    )
)


def _binds(node: Node) -> bool:
    parent = node.parent
    if parent is None or (not _is_name(node) and node.type != "shorthand_property_identifier_pattern"):
        return False
    if node.type == "shorthand_property_identifier_pattern" or parent.type in _BINDING_PARENTS:
        return True
    field = {
        "variable_declarator": "name",
        "arrow_function": "parameter",
        "assignment_expression": "left",
    }.get(parent.type)
    return field is not None and parent.child_by_field_name(field) == node


def _undefined_java(tree: Syntax) -> set[str]:
    """Simple type names that are neither imported nor declared; none where a star import may bring them."""
    imports = [tree.text(node).rstrip("; \t") for node in walk(tree.root) if node.type == "import_declaration"]
    if any(text.endswith("*") for text in imports):
        return set()
    imported = {text.rpartition(".")[2] for text in imports}
    declared = {
        tree.text(name)
        for node in walk(tree.root)
        if node.type.endswith(("_declaration", "type_parameter"))
        and (name := node.child_by_field_name("name") or (node.children[0] if node.children else None)) is not None
    }
    used = {
        tree.text(node)
        for node in walk(tree.root)
        if node.type in {"identifier", "type_identifier"} and _simple(node) and tree.text(node)[:1].isupper()
    }
    constants = {name for name in used if name.isupper()}
    return used - imported - declared - _JAVA_LANG - constants


def _simple(node: Node) -> bool:
    """Whether nothing qualifies it: `Cipher`, and the first part of `Cipher.getInstance`."""
    parent = node.parent
    if parent is None:
        return False
    if parent.type in {"scoped_type_identifier", "scoped_identifier"}:
        return False
    field = parent.child_by_field_name("field") or parent.child_by_field_name("name")
    return field != node

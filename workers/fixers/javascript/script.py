"""JavaScript and TypeScript as their fixers see them: calls, options, imports."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from daemon.domain.fix import Edit
from workers.fixers import code
from workers.fixers.code import Parsed, parsed
from workers.fixers.registry import Harmless, NoFix, Target

if TYPE_CHECKING:
    from tree_sitter import Node

_LANGUAGES = ("javascript", "typescript", "tsx", "jsx")
TYPED = (".ts", ".tsx", ".mts", ".cts")
"""Endings of TypeScript's files."""
_LONGEST = 2000
"""Bytes of a line: nobody writes longer ones, but bundlers do."""
_SERVED = re.compile(r"(?:^|/)(?:static|public|assets|dist|plugins?|libs?|js)/")
_LIBRARIES = re.compile(
    r"(?:^|/)(?:public|static|assets|webapp|www|html|wwwroot)/(?!(?:.*/)?src/)(?:.*/)?"
    r"(?:libs?|vendors?|plugins?|third[-_]?party|bower_components)/.*\.js$"
)
"""Where a site keeps what others wrote."""
_BANNER = re.compile(
    rb"\s*/\*(?:[^/]*?(?:@licen[sc]e|@preserve|\blicensed under\b|\(c\)[^/]{0,80}https?://)"
    rb"|(?=(?:(?!\*/).){0,400}\bv?\d+\.\d+)(?:(?!\*/).){0,500}(?:\blicen[sc]ed?\b|\bcopyright\b|\(c\)))",
    re.IGNORECASE | re.DOTALL,
)
"""How a release that was copied begins: with its own licence, where the project's files have none."""
_BROWSER = re.compile(
    rb"\bwindow\s*[.\[]|\bdefine\.amd\b|\bangular\s*\.\s*module\(|\$\(\s*(?:document|function|[\"'][#.])"
    rb"|\bdocument\s*\.\s*(?:get\w+By|create|query|body|cookie|addEvent|documentElement|head|location|title|write)"
    rb"|\bfrom\s+[\"'](?:react(?:-dom|-native)?|preact|vue|svelte|glamor|styled-components)[\"']"
)
STRINGS = ("string", "template_string")


def script(target: Target) -> Parsed:
    """The flagged script and its tree.

    Raises:
        OtherLanguage: it is not JavaScript or TypeScript.
        NoFix: it cannot be read, or is a copy or a build of other files.
        Harmless: it is part of a report.
    """
    file = parsed(target, *_LANGUAGES)
    if _LIBRARIES.search(file.path) or (_SERVED.search(file.path) and _BANNER.match(file.content[:600])):
        message = f"{file.path} is a copy of another project's release: an edit is lost with the next one, so update it"
        raise NoFix(message)
    if "coverage/lcov-report/" in file.path:
        message = f"{file.path} is part of a report that a tool makes of the tests' coverage: nobody runs it for others"
        raise Harmless(message)
    where = target.finding.location.region
    if where is not None and len(file.line(where.start_line)) > _LONGEST:
        message = f"{file.path}:{where.start_line} is built from other files: mend these, and build it again"
        raise NoFix(message)
    return file


def flagged_node(target: Target, types: Sequence[str], matches: Callable[[Parsed, Node], bool]) -> tuple[Parsed, Node]:
    """The script and the node the finding is about.

    Raises:
        OtherLanguage: it is not JavaScript or TypeScript.
        NoFix: no such node is at the region.
    """
    return code.flagged_node(target, script(target), types, matches)


def in_browser(file: Parsed) -> bool:
    """Whether the script runs in browsers, alone or too, which have none of Node's modules."""
    return bool(_BROWSER.search(file.content))


def arguments(call: Node) -> list[Node]:
    """The call's arguments."""
    given = call.child_by_field_name("arguments")
    return [node for node in given.named_children if node.type != "comment"] if given is not None else []


def called(file: Parsed, call: Node) -> str:
    """The text of what is called: `crypto.createHash`."""
    function = call.child_by_field_name("function") or call.child_by_field_name("constructor")
    return re.sub(r"\s+", "", file.text(function)) if function is not None else ""


def statement(node: Node) -> Node:
    """The statement or declaration that a node is a part of."""
    while node.parent is not None and not node.type.endswith(("statement", "declaration")):
        node = node.parent
    return node


def literal(file: Parsed, node: Node | None) -> str | None:
    """The value of a string literal without escapes; `None` for anything else."""
    if node is None or node.type not in STRINGS or "${" in file.text(node) or "\\" in file.text(node):
        return None
    return file.text(node)[1:-1]


def values_of(file: Parsed, name: str) -> list[Node | None]:
    """What each declaration of the name in the file gives it; none where it gives nothing."""
    made = (node for node in file.of("variable_declarator") if file.text(node.named_children[0]) == name)
    return [node.child_by_field_name("value") for node in made]


def resolved(file: Parsed, node: Node, kind: str) -> Node | None:
    """The node where it is of the kind; for a name the value of its only declaration, where nothing else sets it."""
    if node.type == kind:
        return node
    name = file.text(node)
    values = values_of(file, name)
    value = values[0] if len(values) == 1 and node.type == "identifier" else None
    if value is None or value.type != kind:
        return None
    assigned = rf"(?<![\w$.]){re.escape(name)}(?:\.[\w$]+|\[[^\]]*\])*\s*=(?![=>])"
    return None if re.search(assigned, file.slice(value.end_byte, len(file.content))) else value


def quote(file: Parsed) -> str:
    """The quotation mark that the file prefers."""
    return "'" if file.content.count(b"'") >= file.content.count(b'"') else '"'


def semicolon(file: Parsed) -> str:
    """`;` where the file ends its statements with it."""
    statements = list(
        file.of("expression_statement", "lexical_declaration", "variable_declaration", "return_statement")
    )
    ended = sum(1 for node in statements if file.text(node).endswith(";"))
    return ";" if 2 * ended >= len(statements) else ""


def pairs(file: Parsed, item: Node) -> Iterator[tuple[str, Node, Node]]:
    """The object's properties: name, whole pair, value."""
    for pair in item.named_children:
        key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
        if pair.type == "pair" and key is not None and value is not None:
            yield file.text(key).strip("'\"`"), pair, value


def option(file: Parsed, item: Node, name: str) -> Node | None:
    """The value of an object's property."""
    return next((value for key, _, value in pairs(file, item) if key == name), None)


def add_option(file: Parsed, item: Node, text: str) -> Edit:
    """The object with one more property, first, on a line of its own where the others have one.

    First, because a later spread (`...defaults`) may hold the property on purpose.
    """
    members = [node for node in item.named_children if node.type != "comment"]
    if not members:
        return file.edit(item.start_byte, item.end_byte, f"{{ {text} }}")
    first = members[0]
    line = file.number(first)
    before = file.slice(file.starts[line - 1], first.start_byte)
    if not before.strip():
        return file.insert(first.start_byte, f"{text},\n{before}")
    return file.insert(first.start_byte, f"{text}, ")


def imported(file: Parsed, module: str, name: str = "") -> tuple[str, tuple[Edit, ...], tuple[str, ...]]:
    """The name under which a module is at hand, the edits that import it, and what they declare.

    Without a name of its own it is one of Node's modules; with one, the default export of a package.

    Raises:
        NoFix: the name means something else in this file, or the file runs in browsers and the module is Node's.
    """
    for node in file.syntax.root.named_children:
        known = _whole_import(file, node, module)
        if known is not None:
            return known, (), ()
    wanted = name or module
    if not name and in_browser(file):
        message = f"{file.path} runs in browsers too, which have no module `{module}`"
        raise NoFix(message)
    if any(_binds(file, node, wanted) for node in file.of("identifier", "shorthand_property_identifier_pattern")):
        message = f"`{wanted}` already means something else in {file.path}"
        raise NoFix(message)
    mark, end = quote(file), semicolon(file)
    if any(node.type in {"import_statement", "export_statement"} for node in file.syntax.root.named_children):
        line = f"import {name or f'* as {module}'} from {mark}{module}{mark}{end}"
    else:
        line = f"const {wanted} = require({mark}{module}{mark}){end}"
    return wanted, (_at_head(file, line),), (f"import:{module}",)


def _binds(file: Parsed, node: Node, name: str) -> bool:
    """Whether the identifier gives the name a meaning, rather than using it."""
    if file.text(node) != name or node.parent is None:
        return False
    if node.type == "shorthand_property_identifier_pattern" or node.parent.type.endswith(("_pattern", "parameters")):
        return True
    of_name = node.parent.child_by_field_name("name") == node or node.parent.child_by_field_name("parameter") == node
    return of_name or node.parent.type in {
        "import_specifier",
        "import_clause",
        "namespace_import",
        "required_parameter",
    }


def _whole_import(file: Parsed, node: Node, module: str) -> str | None:
    text = file.text(node)
    names = rf"['\"](?:node:)?{module}['\"]"
    found = re.match(rf"(?:const|let|var)\s+(\w+)\s*=\s*require\(\s*{names}\s*\)", text) or re.match(
        rf"import\s+(?:\*\s*as\s+)?(\w+)\s+from\s+{names}", text
    )
    return found[1] if found else None


def _at_head(file: Parsed, line: str) -> Edit:
    """Before the first import, else after directives and the comments at the top.

    A `require` comes before all other statements, since one of these may be what needs it.
    """
    children = file.syntax.root.named_children
    for node in children if line.startswith("import") else ():
        if node.type == "import_statement":
            if node.start_point[1] == 0:
                return file.insert(node.start_byte, f"{line}\n")
            break
    for node in children:
        directive = node.type == "expression_statement" and node.named_children[0].type == "string"
        if not (node.type in {"comment", "hash_bang_line"} or directive):
            start = file.starts[file.number(node) - 1]
            if start == node.start_byte:
                return file.insert(start, f"{line}\n")
    message = f"{file.path} has no line of its own for an import"
    raise NoFix(message)

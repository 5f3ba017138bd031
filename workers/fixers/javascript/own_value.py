"""What only the program itself says: texts that stand in it, its settings, and what its own calls give for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from workers.fixers.code import Parsed
from workers.fixers.javascript.binding import Bound, bound, given_again
from workers.fixers.javascript.callers import handed
from workers.fixers.javascript.exported import exported
from workers.fixers.javascript.script import arguments, called
from workers.source.tree import SourceTree

if TYPE_CHECKING:
    from tree_sitter import Node

_DEPTH = 7
_LITERALS = frozenset(("string", "number", "true", "false", "null", "undefined", "regex"))
_WRAPPED = frozenset(("parenthesized_expression", "as_expression", "non_null_expression", "satisfies_expression"))
_PLATFORM = re.compile(
    r"__dirname|__filename|import\.meta\.(?:url|dirname|filename|env(?:\.\w+)?)|path\.(?:sep|delimiter)|os\.EOL"
    r"|process\.(?:env(?:\.\w+|\[['\"]\w+['\"]\])|argv(?:\[\d\])?|execPath|pid|platform|arch|version)"
    r"|(?:req|request)\.file\.path|process\.(?:cwd|uptime|hrtime)\(\)|os\.(?:tmpdir|homedir|hostname|platform)\(\)|Date\.now\(\)|require\.main\.\w+"
    r"|(?:electron\.|remote\.)?app\.get(?:AppPath\(\)|Path\(['\"]\w+['\"]\))"
)
"""What the machine and whoever starts the program say; multer makes up the name of what was uploaded."""
_SETTINGS = re.compile(
    r"(?:app|server|site)?_?(?:config\w*|settings?|constants?|env|paths?|dirs?|locations?)", re.IGNORECASE
)
_ASKED = re.compile(
    r"(?:this\.)?config(?:uration)?(?:Service)?\.(?:get|getOrThrow)\(['\"][\w.:-]+['\"]\)", re.IGNORECASE
)
_NUMBER = re.compile(r"(?:Number|parseInt|parseFloat|Math\.\w+|Date\.now)$|\.(?:getTime|getFullYear|indexOf|length)$")
_MADE = re.compile(
    r"(?:^|\.)(?:join|resolve|dirname|normalize|relative|basename|extname|fileURLToPath|pathToFileURL|String|replace"
    r"|replaceAll|trim|toLowerCase|toUpperCase|slice|substring|substr|concat|padStart|padEnd|split|toString|filter|sort"
    r"|reverse|flat|keys|values|entries|freeze|from|shift|pop|at)$"
)
"""Functions that say nothing which is not in what they are given."""
_EACH = frozenset(("forEach", "map", "filter", "some", "every", "find", "flatMap", "each", "eachSeries", "mapSeries"))
_LISTING = re.compile(r"(?:^|\.)readdir(?:Sync)?$")
_FINDS = re.compile(r"(?:^|\.)(?:glob(?:by)?|fg|fastGlob)(?:\.sync|Sync)?$|(?:^|\.)globSync$")
_BASENAME = re.compile(r"(?:^|\.)basename$")


class _Asked(NamedTuple):
    """What is asked about a value."""

    tree: SourceTree
    names: bool
    """Whether the name of a file in a folder will do, which holds no slash."""
    depth: int


def is_own(file: Parsed, node: Node, tree: SourceTree, *, names: bool = False) -> bool:
    """Whether nobody else has a part in what the expression says, as far as this project's files show.

    With `names` a name that a folder's list gives, and the last part of any path, are nobody else's either: put behind
    a folder, they stay in it.
    """
    return _own(file, node, _Asked(tree, names, _DEPTH))


def _own(file: Parsed, node: Node, asked: _Asked) -> bool:
    text = re.sub(r"\s+", "", file.text(node))
    if node.type in _LITERALS or _PLATFORM.fullmatch(text) or _ASKED.fullmatch(text):
        return True
    match node.type:
        case "template_string":
            return all(_own(file, each.named_children[0], asked) for each in _substitutions(node))
        case "binary_expression" | "array":
            return all(_own(file, each, asked) for each in node.named_children)
        case "ternary_expression":
            return all(_own(file, each, asked) for each in node.named_children[1:])
        case "identifier":
            return _name(file, node, asked)
        case "member_expression" | "subscript_expression":
            return _member(file, node, asked)
        case "call_expression" | "new_expression":
            return _call(file, node, asked)
        case kind if kind in _WRAPPED:
            return _own(file, node.named_children[0], asked)
    return False


def _substitutions(node: Node) -> Iterator[Node]:
    return (each for each in node.named_children if each.type == "template_substitution" and each.named_children)


def _name(file: Parsed, node: Node, asked: _Asked) -> bool:
    found = bound(file, node)
    if found is None or asked.depth <= 0:
        return False
    asked = asked._replace(depth=asked.depth - 1)
    if found.kind == "value":
        values = [*([found.node] if found.node is not None else []), *given_again(file, node, found)]
        return bool(values) and not _grows(file, node) and all(_own(file, each, asked) for each in values)
    if found.kind == "import":
        elsewhere = exported(file, node, found, asked.tree)
        return elsewhere is not None and _own(*elsewhere, asked)
    if found.kind == "element" and found.node is not None:
        return _list(file, found.node, asked)
    if found.kind == "parameter" and not given_again(file, node, found):
        return _parameter(file, found, asked)
    return False


def _parameter(file: Parsed, found: Bound, asked: _Asked) -> bool:
    """Whether the function is given the program's own values alone, by its callers or by a list it goes through."""
    function = found.scope
    given = function.parent
    call = given.parent if given is not None and given.type == "arguments" else None
    if call is not None and call.type == "call_expression":
        return _of_callback(file, call, function, found.place, asked)
    passed = handed(file, function, found.place, asked.tree)
    return bool(passed) and all(_own(where, each, asked) for where, each in passed)


def _of_callback(file: Parsed, call: Node, function: Node, index: int, asked: _Asked) -> bool:
    name, given = called(file, call), arguments(call)
    if _LISTING.search(name) and given[-1] == function:
        return False  # the list itself: only its elements are names
    holder, _, method = name.rpartition(".")
    if index or method not in _EACH:
        return False
    callee = call.child_by_field_name("function")
    source = callee.child_by_field_name("object") if callee is not None else None
    if holder in {"async", "_", "lodash", "Promise"}:
        source = given[0]
    return source is not None and source != function and _list(file, source, asked)


def _list(file: Parsed, node: Node, asked: _Asked) -> bool:
    """Whether the elements of the list are the program's own."""
    while node.type in _WRAPPED or node.type == "await_expression":
        node = node.named_children[0]
    if node.type == "call_expression":
        name = called(file, node)
        if _LISTING.search(name):
            return asked.names
        if _FINDS.search(name):
            return bool(arguments(node)) and _own(file, arguments(node)[0], asked)
        callee = node.child_by_field_name("function")
        source = callee.child_by_field_name("object") if callee is not None else None
        if name.rpartition(".")[2] in {"filter", "sort", "reverse", "slice", "concat"} and source is not None:
            return _list(file, source, asked) and all(
                _own(file, each, asked) for each in arguments(node) if name.endswith("concat")
            )
    if node.type == "identifier":
        found = bound(file, node)
        if found is not None and found.kind == "value" and found.node is not None and asked.depth > 0:
            again = given_again(file, node, found)
            asked = asked._replace(depth=asked.depth - 1)
            return not again and not _grows(file, node) and _list(file, found.node, asked)
        if found is not None and found.kind == "parameter" and found.place == 1 and asked.names:
            return _is_listing(file, found)
        return False
    return _own(file, node, asked)


def _is_listing(file: Parsed, found: Bound) -> bool:
    """`fs.readdir(folder, (error, files) => …)`."""
    given = found.scope.parent
    call = given.parent if given is not None and given.type == "arguments" else None
    return call is not None and call.type == "call_expression" and _LISTING.search(called(file, call)) is not None


def _grows(file: Parsed, node: Node) -> bool:
    name = re.escape(file.text(node))
    grown = rf"(?<![\w$.]){name}\s*(?:\.(?:push|unshift|splice)\(|\[[^\]]*\]\s*=(?!=))"
    return re.search(grown, file.content.decode()) is not None


def _member(file: Parsed, node: Node, asked: _Asked) -> bool:
    if file.text(node).endswith(".length"):
        return True
    root = node
    while root.type in {"member_expression", "subscript_expression", "non_null_expression"}:
        index = root.child_by_field_name("index")
        if index is not None and index.type not in {"string", "number"} and not _own(file, index, asked):
            return False
        held = root.child_by_field_name("object")
        root = held if held is not None else root.named_children[0]
    found = bound(file, root) if root.type == "identifier" else None
    if found is None:
        return False
    if found.kind == "import":
        return _SETTINGS.fullmatch(file.text(root)) is not None
    value = found.node if found.kind == "value" else None
    if value is None or given_again(file, root, found) or re.search(_set(file.text(root)), file.content.decode()):
        return False
    return value.type in {"object", "array"} and _all_own(file, value, asked)


def _set(name: str) -> str:
    """A property of the object that is given a value, or the object handed on to who may do so."""
    return rf"(?<![\w$.]){re.escape(name)}(?:\.[\w$]+|\[[^\]]*\])+\s*=(?![=>])|assign\(\s*{re.escape(name)}\b"


def _all_own(file: Parsed, value: Node, asked: _Asked) -> bool:
    """Whether each property of the object, or element of the list, is the program's own."""
    for each in value.named_children:
        if each.type == "comment":
            continue
        inner = each.child_by_field_name("value") if each.type == "pair" else each
        if inner is None or each.type.startswith(("spread", "method")):
            return False
        if not (_all_own(file, inner, asked) if inner.type in {"object", "array"} else _own(file, inner, asked)):
            return False
    return True


def _call(file: Parsed, node: Node, asked: _Asked) -> bool:
    name = called(file, node)
    if _NUMBER.search(name) or (asked.names and _BASENAME.search(name)):
        return True
    if name == "require.resolve":
        return True
    if not _MADE.search(name):
        return False
    callee = node.child_by_field_name("function")
    source = callee.child_by_field_name("object") if callee is not None else None
    beside = (
        []
        if source is None or re.fullmatch(r"(?:path|Object|Array|url|String)(?:\.posix|\.win32)?", file.text(source))
        else [source]
    )
    chosen = name.endswith((".filter", ".sort"))
    return all(_own(file, each, asked) for each in (*beside, *(arguments(node) if not chosen else ())))

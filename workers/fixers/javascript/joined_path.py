"""Paths of files put together with what a request says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.binding import Bound, bound, given_again
from workers.fixers.javascript.callers import handed
from workers.fixers.javascript.checked_path import is_checked
from workers.fixers.javascript.helper import helper
from workers.fixers.javascript.manifest import dependencies
from workers.fixers.javascript.own_value import is_own
from workers.fixers.javascript.path_helpers import BELOW, ERROR, NAME, REFUSED, STAYS, TYPED, WITHIN
from workers.fixers.javascript.path_text import REQUEST, one_text, split
from workers.fixers.javascript.script import arguments, called, flagged_node, imported
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.syntax import ancestors, walk
from workers.source.tree import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_PATH = re.compile(r"(?:^|\.)path\.(?:join|resolve)$")
_OF_FRAMEWORK = re.compile(r"@(?:Param|Query|Body|Headers?|Req|PathParam|QueryParam)\(")
"""A parameter of a handler of NestJS or of routing-controllers."""
_FILE_NAME = re.compile(
    r"(?:^|_)(?:file|image|photo|document|template|theme|locale|lang|slug|id|key|hash|name)(?:_?name|_?id)?$"
    r"|(?:[fF]ile|[iI]mage|[tT]emplate|[tT]heme)_?[nN]ame$|[a-z](?:Id|Name|Slug|Key|Hash)$"
)
_OF_SCRIPTS = re.compile(
    r"(?:^|/)(?:scripts|tools|tasks|gulp)/|(?:^|/)(?:gulp|grunt)file|\.config\.[cm]?[jt]s$", re.IGNORECASE
)
_SEGMENT = re.compile(r"\b(?:req|request)\.params\.(?P<name>\w+)")
"""What stands between two slashes of an address."""
_SURELY_FILE = re.compile(
    r"(?:file_?|original_?|image_?|photo_?)name\b|(?<![\w.])(?:file|image|photo)\b(?!\.)", re.IGNORECASE
)
_SCRIPTS = (".js", ".ts", ".mjs", ".cjs")
_SERVERS = frozenset((
    "express", "koa", "fastify", "hapi", "@hapi/hapi", "restify", "@nestjs/core", "next", "sails", "@adonisjs/core",
    "socket.io", "ws", "polka", "hono", "micro", "egg", "loopback", "@loopback/core", "@feathersjs/feathers",
))  # fmt: skip
"""By which others ask a program for something."""
_OF_PAGES = re.compile(r"(?:^|\.)ipcMain\.(?:on|once|handle|handleOnce)$")
_GOES_UP = re.compile(r"\.\.|^['\"`]/")
_OF_DEVELOPERS = re.compile(
    r"(?:^|/)(?:scripts?|bin|cli|tools?|tasks|build|gulp|config)/|(?:^|/)(?:gulp|grunt)file|\.config\.[cm]?[jt]s$",
    re.IGNORECASE,
)
"""Where whoever starts the program says what it works on."""


@fixer(
    name="javascript-joined-path",
    weakness="path out of its folder",
    cwes=(22, 23),
    rules={
        "njsscan": ["join_resolve_path_traversal"],
        "semgrep": ["path-join-resolve-traversal", "express-path-join-resolve-traversal"],
    },
    in_tests=False,
    explain="""`path.join(folder, name)` does what the name says: with `../../etc/passwd` it leaves the folder, and with
`path.resolve` an absolute name replaces it (CWE-22). Removing `../` from the text is no cure: `....//` becomes `../` by
it.

Joined to the root first, every `..` has been worked out and has nowhere to go: the rest is a path below the folder,
and names that never left it stay as they are. Where there are no folders below, the last part of the name is all that
is needed, whatever stands before it.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`path.join(folder, req.….name)` → a path that cannot leave the folder."""
    file, call = flagged_node(target, ("call_expression",), _joins)
    if all(is_own(file, each, target.tree, names=True) for each in arguments(call)):
        message = (
            f"{file.path}:{file.number(call)} joins what the program itself says: texts, settings, or the name "
            "of a file in a folder. Nobody who asks it has a part in the path"
        )
        raise Harmless(message)
    if is_checked(file, call):
        message = (
            f"{file.path}:{file.number(call)} is looked at before it is used: what leads out of its folder is refused"
        )
        raise Harmless(message)
    if _OF_SCRIPTS.search(file.path) and not REQUEST.search(file.text(call)):
        message = f"{file.path} is a script of the developers': whoever runs it says what it works on"
        raise Harmless(message)
    folder, name = _sides(file, call, target)
    yield from any_of(
        lambda: _through(file, call, f"joinBelow({folder}, {name})", BELOW, "below-folder", STAYS),
        lambda: _refused(file, call, f"joinOrRefuse({folder}, {name})"),
        lambda: _within(target, file, call, f"joinFileName({folder}, {name})", name),
    )


def _refused(file: Parsed, call: Node, text: str) -> Candidate:
    """An error for a name that leads out of the folder, where somebody catches it: a `try`, or Express.

    Raises:
        NoFix: nobody is seen to.
    """
    for outer in ancestors(call):
        given = outer.child_by_field_name("parameters")
        if outer.type == "try_statement":
            break
        if given is not None:
            waits = any(child.type == "async" for child in outer.children)
            if not waits and re.match(r"\(\s*(?:req|request)\b[^,]*,\s*res", file.text(given)):
                break
            message = f"{file.path}:{file.number(call)} has nobody who catches an error for a name that leads elsewhere"
            raise NoFix(message)
    return _through(file, call, text, REFUSED, "refused", ERROR)


def _within(target: Target, file: Parsed, call: Node, text: str, name: str) -> Candidate:
    """The last part of the name alone.

    Raises:
        NoFix: it may be meant to hold a folder, too.
    """
    segment = _SEGMENT.search(name)
    of_many = re.compile(rf":{segment['name']}\s*[(*+]") if segment is not None else None
    if (segment is None and not _SURELY_FILE.search(name)) or (
        of_many is not None
        and any(of_many.search(text_of(target.tree, path)) for path in target.tree.paths() if path.endswith(_SCRIPTS))
    ):
        message = f"{file.path}:{file.number(call)} may be asked for what lies in a folder further down"
        raise NoFix(message)
    return _through(file, call, text, WITHIN, "file-name", NAME)


def _sides(file: Parsed, call: Node, target: Target) -> tuple[str, str]:
    """The folder, of what the program says, and the name, of what the request says.

    Raises:
        NoFix: the request says the folder, or more than one part of the path.
    """
    given = arguments(call)
    told = [node for node in given if _of_request(file, node, target)]
    before = given[:-1]
    if not told and called(file, call).endswith("join") and not _OF_DEVELOPERS.search(file.path):
        rest_is_own = before and not any(_is_given(file, name) for each in before for name in _identifiers(each))
        told = given[-1:] if rest_is_own and _is_file_name(file, given[-1], target) else []
    alone = one_text(file, given[0], called(file, call)) if told and len(given) == 1 else None
    if alone is not None:
        return alone
    if len(told) != 1 or told[0] != given[-1] or len(given) == 1:
        message = (
            f"{file.path}:{file.number(call)} takes more than the end of its path from elsewhere: the folder that the "
            "path must stay in is not to be seen here"
        )
        raise NoFix(message)
    base = [file.text(node) for node in given[:-1]]
    method = called(file, call)
    fixed, name = split(file, given[-1])
    base += [fixed] if fixed else []
    folder = base[0] if len(base) == 1 and method.endswith("join") else f"{method}({', '.join(base)})"
    return folder, name


def _of_request(file: Parsed, node: Node, target: Target) -> bool:
    text = file.text(node)
    where = target.finding.location.region
    source = file.line(where.start_line).decode() if where is not None else ""
    named = re.match(r"\s*(?:(?:const|let|var)\s+)?(\w+)\s*=(?!=)", source)
    tainted = named is not None and re.search(rf"(?<![\w.]){named[1]}(?!\w)", text) is not None
    return tainted or REQUEST.search(text) is not None or any(_is_asked(file, each) for each in _identifiers(node))


def _identifiers(node: Node) -> list[Node]:
    return [each for each in walk(node) if each.type == "identifier"]


def _is_asked(file: Parsed, name: Node) -> bool:
    """Whether a request gives the variable its value, or the framework does so for a parameter of a handler."""
    found = bound(file, name)
    if found is None or found.node is None:
        return False
    if found.kind == "parameter" or found.node.type.endswith("parameter"):
        return _OF_FRAMEWORK.search(file.text(found.node)) is not None or _is_of_page(file, found)
    return found.kind in {"value", "other"} and REQUEST.search(file.text(found.node)) is not None


def _is_of_page(file: Parsed, found: Bound) -> bool:
    """Whether a page of Electron's gives the parameter: `ipcMain.on(channel, (event, name) => …)`."""
    given = found.scope.parent
    call = given.parent if given is not None and given.type == "arguments" else None
    return found.place > 0 and call is not None and _OF_PAGES.search(called(file, call)) is not None


def _is_given(file: Parsed, name: Node) -> bool:
    """Whether it is a parameter, or a part of one."""
    found = bound(file, name)
    return found is None or (found.kind in {"parameter", "element", "other"} and found.node is not None)


def _is_file_name(file: Parsed, node: Node, target: Target) -> bool:
    """Whether it is a parameter that is called as files are, for which no call of the project goes up a folder."""
    names = _identifiers(node)
    found = bound(file, names[0]) if len(names) == 1 else None
    if found is None or found.kind != "parameter" or not _FILE_NAME.search(file.text(names[0])):
        return False
    asked = dependencies(target.tree, file.path)
    of_list = found.scope.parent is not None and found.scope.parent.type == "arguments"
    part = any(each.type == "member_expression" for each in walk(node))
    if of_list or part or (asked and not _SERVERS.intersection(asked)):
        return False
    passed = handed(file, found.scope, found.place, target.tree)
    return not given_again(file, names[0], found) and not any(_GOES_UP.search(of.text(each)) for of, each in passed)


def _through(
    file: Parsed, call: Node, text: str, source: str, approach: str, words: tuple[str, str | None]
) -> Candidate:
    name, edits, _ = imported(file, "path")
    if name != "path" or edits:
        message = f"{file.path} has Node's `path` under another name: join to the root before joining to the folder"
        raise NoFix(message)
    added = helper(file, source, typed=TYPED)
    why, warning = words
    return candidate(
        approach,
        [file.replace(call, text), *added.edits],
        why,
        declares=added.declares,
        warnings=(warning,) if warning else (),
    )


def _joins(file: Parsed, call: Node) -> bool:
    name = called(file, call)
    if not arguments(call) or name.rpartition(".")[2] not in {"join", "resolve"}:
        return False
    if _PATH.search(name):
        return True
    holder, _, function = name.rpartition(".")
    taken = re.escape(holder) if holder else rf"\{{[^{{}}]*\b{function}\b[^{{}}]*\}}"
    module = r"['\"](?:node:)?path['\"]"
    made = rf"(?<![\w$]){taken}\s*=\s*require\(\s*{module}|import\s+(?:\*\s*as\s+)?{taken}\s+from\s+{module}"
    return re.search(made, file.content.decode()) is not None

"""Addresses of redirects that no request says: properties of the program's own objects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.fixers.code import Parsed
from workers.fixers.javascript.script import arguments, values_of
from workers.fixers.javascript.strings import template
from workers.fixers.registry import Harmless, NoFix
from workers.source.syntax import ancestors, walk
from workers.source.tree import SourceTree, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_PROPERTY = re.compile(r"(?P<object>[A-Za-z_$][\w$]*)(?:\.[\w$]+)*\.(?P<name>[\w$]+)")
_OF_REQUEST = re.compile(r"re(?:q|quest)|ctx|context|query|params|body|session|cookies|data|input|event", re.IGNORECASE)
_PATH_MADE = (
    r"(?:virtual\(\s*['\"`]{name}['\"`]\s*\)\s*\.get\(|\bget\s+{name}\s*\()[^{{}}]*(?:\{{[^{{}}]*?return|=>)\s*"
    r"(?://[^\n]*\n\s*)*[`'\"]/(?![/\\])"
)
"""A virtual property of a model, or a getter, that gives a path of this site."""
_PATH_OF_SITE = re.compile(r"/[\w.~!$&'()*+,;=:@%?#-]")
"""A slash with anything but another one behind it: browsers stay on the site."""
_SAID = re.compile(
    r"\b(?:req|request|ctx)(?:\.request)?\s*(?:\.\s*(?:query|params|body|headers?|cookies|session|url|originalUrl|path|href"
    r"|get\(|header\(|param\(|hash)|\[)|(?<![\w$.])(?:query|params|body|session|cookies)\s*[.\[]|referr?er"
    r"|[}\w]\s*=\s*(?:req|request|ctx)\b",
    re.IGNORECASE,
)
"""What whoever asks has a say in."""
_DEPTH = 3
_SCRIPTS = (".js", ".ts", ".mjs", ".cjs")
_WAY_OUT = re.compile(
    r"click|track|outbound|external|leav(?:e|ing)\b|short(?:en|_?url|_?link)|goto|proxy", re.IGNORECASE
)
"""What leads people to other sites."""
_OWN_PATH = re.compile(r"(?:req|request|ctx|ctx\.request)\.(?:url|originalUrl|path|baseUrl)")
"""The path that was asked for, which names no site."""
_WHOLE = re.compile(r"ur[il]|callback|origin|domain|\bsite|host|referr?er|address|link", re.IGNORECASE)


def refuse_own_property(tree: SourceTree, file: Parsed, address: str, line: int) -> None:
    """Say so where the address is a property of an object that is not the request.

    Raises:
        Harmless: a script of the project makes a path of this site of it.
        NoFix: who sets it is not in sight.
    """
    found = _PROPERTY.fullmatch(address)
    if found is None or _OF_REQUEST.fullmatch(found["object"]):
        return
    made = re.compile(_PATH_MADE.format(name=re.escape(found["name"])))
    where = f"{file.path}:{line}"
    for path in tree.paths():
        if path.endswith(_SCRIPTS) and made.search(text_of(tree, path)):
            message = f"{where} leads to `{address}`, which {path} makes a path of this site"
            raise Harmless(message)
    message = (
        f"{where} leads to `{address}`, a property of an object of the program's: check the address where it is set"
    )
    raise NoFix(message)


def refuse_way_out(file: Parsed, call: Node) -> None:
    """Raise where the handler is there to lead people to other sites.

    Raises:
        NoFix: its name, its route or its file says so.
    """
    around = next((each for each in ancestors(call) if each.child_by_field_name("parameters") is not None), None)
    named = file.line(file.number(around)).decode() if around is not None else ""
    if _WAY_OUT.search(named) or _WAY_OUT.search(file.path.rpartition("/")[2]):
        message = (
            f"{file.path}:{file.number(call)} leads people to other sites on purpose: take the address from what is "
            "kept about the link, by its id, and none from the request"
        )
        raise NoFix(message)


def refuse_checked(file: Parsed, call: Node, address: str) -> None:
    """Raise where the program looks at the address before it redirects, for more than whether there is one.

    Raises:
        NoFix: it does, and whether that is enough is for a person to say.
    """
    around = next((each for each in ancestors(call) if each.child_by_field_name("parameters") is not None), None)
    name = rf"(?<![\w$.]){re.escape(address)}(?![\w$])"
    there = re.compile(
        rf"typeof\s+{name}\s*[!=]==?\s*['\"]\w+['\"]|{name}\s*[!=]==?\s*(?:null|undefined|['\"](?:/[^'\"]*)?['\"])"
        rf"|!*{name}(?=\s*(?:[)&|?]|$))"
    )
    for node in walk(around) if around is not None else ():
        condition = node.child_by_field_name("condition")
        if condition is None or node.start_byte > call.start_byte:
            continue
        if re.search(name, there.sub("", file.text(condition))) or _asks(file.text(condition), name):
            message = (
                f"{file.path}:{file.number(call)} comes after a check of the address: whether that is enough is for a "
                "person to say"
            )
            raise NoFix(message)


def _asks(condition: str, name: str) -> bool:
    """Whether a function is asked about the address."""
    return re.search(rf"[\w$]\([^()]*{name}", condition) is not None


def refuse_unsaid(file: Parsed, address: Node, *, deep: bool) -> None:
    """Raise where no request is seen to say the address: in it, or in what its variables are given.

    Raises:
        NoFix: none is.
    """
    text = file.text(address)
    for _ in range(_DEPTH if deep else 1):
        if _SAID.search(text):
            return
        names = set(re.findall(r"(?<![\w$.'\"])[A-Za-z_$][\w$]*(?![\w$]*['\"(])", text))
        made = [node for node in file.of("variable_declarator") if _names(file, node) & names]
        values = [text for node in made if (text := _handed_on(file, node.child_by_field_name("value")))]
        if not values:
            break
        text = " ".join(values)
    message = f"{file.path}:{file.number(address)} does not show that a request says where it leads to"
    raise NoFix(message)


def _handed_on(file: Parsed, value: Node | None) -> str:
    """The value, unless it is what a function works out of several things, or asks somebody for."""
    if value is None or value.type == "await_expression":
        return ""
    given = arguments(value) if value.type == "call_expression" else []
    return "" if len(given) > 1 or any(each.type == "object" for each in given) else file.text(value)


def _names(file: Parsed, declarator: Node) -> set[str]:
    """What the declaration gives a value: a name, or those of a pattern."""
    name = declarator.child_by_field_name("name")
    return set(re.findall(r"[A-Za-z_$][\w$]*", file.text(name))) if name is not None else set()


def is_whole_address(address: str) -> bool:
    """Whether the value is, by its name, an address with its site, of which a list can be kept."""
    return _WHOLE.search(address) is not None and _OWN_PATH.fullmatch(address) is None


def made_of(file: Parsed, address: Node) -> Node:
    """What the only declaration of a variable says it is; the address itself where it is no variable."""
    values = values_of(file, file.text(address))
    return (values[0] if len(values) == 1 else None) or address


def is_whole_url(file: Parsed, text: str) -> bool:
    """`url.toString()` of a `new URL(…)` that is no path of this site."""
    match = re.fullmatch(r"(\w+)\.(?:toString\(\)|href)", text)
    values = values_of(file, match[1]) if match is not None else ()
    return any(
        value is not None and value.type == "new_expression" and file.text(value).startswith("new URL(")
        for value in values
    )


def request_name(file: Parsed, call: Node, response: str) -> str:
    """The request's name: that of the parameter before the response.

    Raises:
        NoFix: no function around has such parameters.
    """
    for outer in ancestors(call):
        given = outer.child_by_field_name("parameters")
        names = [re.split(r"\W", file.text(node))[0] for node in given.named_children] if given is not None else []
        if response in names[1:] and names[names.index(response) - 1]:
            return names[names.index(response) - 1]
    message = f"{file.path}:{file.number(call)} does not show the request that it answers"
    raise NoFix(message)


def refuse_path(file: Parsed, call: Node) -> None:
    """Say so where the address begins with a path that the program writes itself.

    Raises:
        Harmless: it does.
    """
    addresses = [node for node in arguments(call) if node.type != "number"]
    built = template(file, made_of(file, addresses[0])) if len(addresses) == 1 else None
    if built is not None and isinstance(built.parts[0], str) and _PATH_OF_SITE.match(built.parts[0]):
        message = f"{file.path}:{file.number(call)} begins with a path of this site, whatever is put behind it"
        raise Harmless(message)

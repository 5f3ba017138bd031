"""Addresses of redirects that no request says: properties of the program's own objects."""

from __future__ import annotations

import re

from workers.fixers.code import Parsed
from workers.fixers.registry import Harmless, NoFix
from workers.source.tree import SourceTree, text_of

_PROPERTY = re.compile(r"(?P<object>[A-Za-z_$][\w$]*)(?:\.[\w$]+)*\.(?P<name>[\w$]+)")
_OF_REQUEST = re.compile(r"re(?:q|quest)|ctx|context|query|params|body|session|cookies|data|input|event", re.IGNORECASE)
_PATH_MADE = (
    r"(?:virtual\(\s*['\"`]{name}['\"`]\s*\)\s*\.get\(|\bget\s+{name}\s*\()[^{{}}]*(?:\{{[^{{}}]*?return|=>)\s*"
    r"(?://[^\n]*\n\s*)*[`'\"]/(?![/\\])"
)
"""A virtual property of a model, or a getter, that gives a path of this site."""
_SCRIPTS = (".js", ".ts", ".mjs", ".cjs")
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


def is_whole_address(address: str) -> bool:
    """Whether the value is, by its name, an address with its site, of which a list can be kept."""
    return _WHOLE.search(address) is not None

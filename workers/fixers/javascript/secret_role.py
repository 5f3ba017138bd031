"""What a text is in the code: the name that it has, and where the same secret stands again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.fixers.code import Parsed
from workers.fixers.javascript.script import arguments, called, literal
from workers.fixers.registry import NoFix, Target
from workers.fixers.secrets.names import is_label
from workers.source.syntax import ancestors
from workers.source.tests import is_test
from workers.source.tree import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

WORDS = re.compile(
    r"passw|pwd|passphrase|secret|token|api_?key|credential|private_?key|access_?key|user", re.IGNORECASE
)
OF_TOKENS = "jwt_secret"
_SIGNS = re.compile(r"secret|jwt|token|hmac|(?:private|signing|encryption)_?key", re.IGNORECASE)
"""What is known to whoever signs and to whoever checks."""
_SCRIPTS = (".js", ".mjs", ".cjs", ".ts")


def holder_of(file: Parsed, node: Node) -> str | None:
    """The key or the variable of the object that the value is in: `db` in `db: { password: 'x' }`."""
    for outer in ancestors(node.parent):
        if outer.type in {"pair", "variable_declarator"} and outer != node.parent:
            name = outer.child_by_field_name("key") or outer.child_by_field_name("name")
            return file.text(name).strip("'\"`") if name is not None else None
        if outer.type not in {"pair", "object"}:
            return None
    return None


def is_same(file: Parsed, one: Node, other: Node) -> bool:
    """Whether it is the same secret in the same role: who signs by one and checks by the other needs both changed."""
    if one == other:
        return True
    if literal(file, one) != literal(file, other) or not is_secret(file, one):
        return False
    names = [role_of(file, each) or "" for each in (one, other)]
    return names[0] == names[1] or all(_SIGNS.search(name) for name in names)


def refuse_elsewhere(target: Target, file: Parsed, node: Node) -> None:
    """Raise where another script holds the same value: who signs by one and checks by the other needs both changed.

    Raises:
        NoFix: one does.
    """
    value = literal(file, node) or ""
    if not _SIGNS.search(role_of(file, node) or ""):
        return
    held = re.compile(rf"(['\"`]){re.escape(value)}\1")
    for path in target.tree.paths():
        if (
            path.endswith(_SCRIPTS)
            and path != file.path
            and not is_test(path)
            and held.search(text_of(target.tree, path))
        ):
            message = (
                f"{file.path}:{file.number(node)} holds a value that {path} holds as well: take both from one place"
            )
            raise NoFix(message)


def is_secret(file: Parsed, node: Node) -> bool:
    """Whether it is a credential by its name, and no word for one."""
    value, name = literal(file, node), role_of(file, node)
    if value is None or name is None or is_label(value, name):
        return False
    return bool(WORDS.search(name))


def _of_session(file: Parsed, pair: Node) -> bool:
    """Whether it is an option of express-session or its like."""
    given = pair.parent.parent if pair.parent is not None else None
    call = given.parent if given is not None and given.type == "arguments" else None
    return call is not None and called(file, call).lower().endswith("session")


def role_of(file: Parsed, node: Node) -> str | None:
    """What the code calls the value: its variable, its property, or the call that takes it as a key."""
    parent = node.parent
    if parent is None:
        return None
    for field in ("name", "key", "left"):
        holder = parent.child_by_field_name(field)
        value = parent.child_by_field_name("value") or parent.child_by_field_name("right")
        if holder is not None and value == node:
            name = re.split(r"[.\[]", file.text(holder))[-1].strip("'\"`]")
            return "session_secret" if name == "secret" and _of_session(file, parent) else name
    call = parent.parent if parent.type == "arguments" else None
    if call is not None and call.type == "call_expression" and arguments(call)[1:2] == [node]:
        name = called(file, call).rpartition(".")[2]
        return {"sign": OF_TOKENS, "verify": OF_TOKENS, "createHmac": "hmac_secret"}.get(name)
    return None

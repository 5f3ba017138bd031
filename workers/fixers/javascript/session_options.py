"""Session options that ask for nothing, or that the package does not read where the rule looks for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.fixers.code import Parsed
from workers.fixers.javascript.manifest import dependencies
from workers.fixers.javascript.script import called, option, resolved
from workers.fixers.registry import Harmless, NoFix
from workers.source.tests import is_test
from workers.source.tree import SourceTree, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_UNNEEDED = {
    "path": "it is `/` unless it is set",
    "domain": "the cookie goes to this host alone, and to each host below the domain as soon as one is set",
}


_SERVES_TLS = re.compile(r"\bhttps['\"]?\)?\.createServer\(|\bcreateSecureServer\(")
_SERVES_PLAIN = re.compile(r"\bhttp['\"]?\)?\.createServer\(|\bapp\.listen\(")
_SECURE_COOKIE = re.compile(r"\.cookie\([^;]*\bsecure\s*:\s*true\b")
_SCRIPTS = (".js", ".mjs", ".cjs", ".ts")

_WRITTEN_OUT = re.compile(r"true|false|null|undefined|!?[01]|[\d\s*_]+|(['\"`])[\w-]*\1")
_OLDER = re.compile(r"(?:[=v~]?\s*|\^(?=0))(?:0\.\d+|1\.(?:\d|1[0-3]))(?:\.\d+)?")
"""Releases before 1.14, which brought it, as far as no later one is taken."""


def refuse_unneeded(file: Parsed, options: Node, wanted: str) -> None:
    """Raise where the cookie is as narrow as can be without the option, or the option cannot be written here.

    Raises:
        Harmless: it is.
        NoFix: a date in the options is that of the program's start plus a while: from then on every cookie has ended.
    """
    at = f"{file.path}:{file.number(options)}"
    given = option(file, options, "cookie")
    cookie = (resolved(file, given, "object") or given) if given is not None else None
    holder = cookie if cookie is not None and cookie.type == "object" else options
    if wanted in _UNNEEDED and option(file, holder, wanted) is None and (cookie is None or holder == cookie):
        message = f"{at} leaves `{wanted}` out, which asks for nothing: {_UNNEEDED[wanted]}"
        raise Harmless(message)
    plain = cookie is None or (cookie.type == "object" and option(file, holder, "httpOnly") is None)
    if wanted == "httponly" and plain:
        message = f"{at} leaves `httpOnly` to express-session, which sets it: no script can read the cookie"
        raise Harmless(message)
    if wanted == "expires":
        lasts = option(file, holder, "maxAge")
        message = f"{at} sets `maxAge`, which counts from each answer; a date here would be that of the program's start"
        if lasts is not None:
            raise Harmless(message)
        message = f"{at} needs `maxAge`: a date in the options is worked out once, and ends every later session with it"
        raise NoFix(message)


def refuse_plain_http(tree: SourceTree, file: Parsed, options: Node) -> None:
    """Decline what needs HTTPS where nothing says that the program knows of it: its sign-in would end without a word.

    Raises:
        NoFix: a script serves plain HTTP as well, or none makes a server with a certificate, and no cookie is secure.
    """
    texts = [text_of(tree, path) for path in tree.paths() if path.endswith(_SCRIPTS) and not is_test(path)]
    served, plain = (any(map(each.search, texts)) for each in (_SERVES_TLS, _SERVES_PLAIN))
    if (served and not plain) or any(map(_SECURE_COOKIE.search, texts)):
        return
    message = (
        f"{file.path}:{file.number(options)} is not seen to be reached over HTTPS, and express-session sets no secure "
        "cookie over anything else: `trust proxy` behind a proxy that ends TLS comes first, and `secure: 'auto'` suits "
        "both"
    )
    raise NoFix(message)


def refuse_older(tree: SourceTree, file: Parsed) -> None:
    """Raise where the project is held to a release of express-session that does not know `sameSite`.

    Raises:
        NoFix: it is.
    """
    if _OLDER.fullmatch(dependencies(tree, file.path).get("express-session", "")):
        message = f"{file.path} has an express-session that does not know `sameSite`: update it first"
        raise NoFix(message)


def refuse_settled(file: Parsed, present: Node | None, name: str) -> None:
    """Raise where the option is there and its value is not written out.

    Raises:
        NoFix: the program's settings decide it.
    """
    if present is not None and not _WRITTEN_OUT.fullmatch(file.text(present)):
        message = f"{file.path}:{file.number(present)} leaves {name} to the program's settings: say it there"
        raise NoFix(message)


def reads_beside_keys(file: Parsed, call: Node) -> bool:
    """Whether it is cookie-session, which takes a cookie's flags as options of its own and reads no `cookie`."""
    name = re.escape(called(file, call))
    made = (
        rf"\b{name}\s*=\s*require\(\s*['\"`]cookie-session|import\s+(?:\*\s*as\s+)?{name}\s+from\s+['\"]cookie-session"
    )
    return bool(re.search(made, file.content.decode()))


def refuse_other_package(file: Parsed, options: Node, name: str) -> None:
    """Raise, since the rule looks for a `cookie` object that this package does not read.

    Raises:
        Harmless: the flag is set where the package reads it.
        NoFix: it is not.
    """
    value = option(file, options, name)
    at = f"{file.path}:{file.number(options)}"
    if value is not None and file.text(value) not in ("false", "undefined", "null"):
        message = f"{at} sets `{name}` where cookie-session reads it; the rule only knows express-session's `cookie`"
        raise Harmless(message)
    if value is None and name == "httpOnly":
        message = f"{at} leaves `httpOnly` to cookie-session: no script can read the cookie"
        raise Harmless(message)
    message = (
        f"{at} is cookie-session, which reads `{name}` beside `keys` and no `cookie`: set it there, and suppress the "
        "rule, which only knows express-session's form"
    )
    raise NoFix(message)


def between(file: Parsed, options: Node) -> str:
    """What stands between two options: a line's end where each has a line of its own."""
    first = next((node for node in options.named_children if node.type != "comment"), None)
    own = first is not None and not file.slice(file.starts[file.number(first) - 1], first.start_byte).strip()
    return f",\n{file.indent(file.number(first))}" if own and first is not None else ", "

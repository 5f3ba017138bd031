"""The name of a session's cookie: what it tells, and what browsers hold it to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.script import add_option, literal, option, quote
from workers.fixers.javascript.session_options import between, refuse_plain_http
from workers.fixers.registry import Harmless, NoFix, Target
from workers.source.tree import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

HTTPS = "Behind a proxy that ends TLS set `trust proxy`; over plain HTTP, as on one's own machine, there is no session."
_DEFAULT = "connect.sid"
_ONCE = "Users are signed out once, because their old cookie has another name."


def renamed(target: Target, file: Parsed, options: Node, *, beside: bool) -> Iterator[Candidate]:
    """A name that tells nothing, or one that browsers hold to this host.

    Raises:
        Harmless: the cookie has a name already, or one that tells nothing.
    """
    if option(file, options, "key") is not None:
        message = f"{file.path}:{file.number(options)} names its cookie by `key`, as express-session calls it too"
        raise Harmless(message)
    if beside and option(file, options, "name") is None:
        message = f"{file.path}:{file.number(options)} is cookie-session, whose cookie `session` names no framework"
        raise Harmless(message)
    yield from any_of(
        lambda: _named(target, file, options), lambda: bound_to_host(target, file, options, beside=beside)
    )


def _named(target: Target, file: Parsed, options: Node) -> Candidate:
    """A name that tells nothing.

    Raises:
        NoFix: other code knows the old one.
    """
    mark = quote(file)
    if _is_named_elsewhere(target, file, _DEFAULT, here=0):
        message = f"{file.path}:{file.number(options)} has a cookie that other code knows as {_DEFAULT}: rename both"
        raise NoFix(message)
    return candidate(
        "plain-name",
        [add_option(file, options, f"name: {mark}sid{mark}")],
        "The cookie's name no longer tells which framework set it.",
        warnings=(_ONCE,),
    )


def bound_to_host(target: Target, file: Parsed, options: Node, *, beside: bool) -> Candidate:
    """The prefix that makes browsers refuse the cookie unless it is secure, of this host and for all of its paths.

    Raises:
        NoFix: it has a name already, comes from elsewhere, or is for other paths or hosts.
    """
    mark = quote(file)
    cookie = options if beside else option(file, options, "cookie")
    at = f"{file.path}:{file.number(options)}"
    named = option(file, options, "name")
    old = literal(file, named)
    known = _is_named_elsewhere(target, file, old or _DEFAULT, here=1 if old else 0)
    keyed = option(file, options, "key") is not None
    if known or keyed or (named is not None and old is None) or (cookie is not None and cookie.type != "object"):
        message = f"{at} has a name or flags that other code knows or gives"
        raise NoFix(message)
    refuse_plain_http(target.tree, file, options)
    secure, path, domain = (
        option(file, cookie, name) if cookie is not None else None for name in ("secure", "path", "domain")
    )
    narrow = path is not None and file.text(path).strip("'\"`") != "/"
    if narrow or domain is not None or (secure is not None and file.text(secure) not in ("true", "false")):
        message = f"{at} has a cookie for some paths or hosts, or one that is secure at times"
        raise NoFix(message)
    name = "" if named else f"name: {mark}__Host-sid{mark}"
    missing = [
        *(["secure: true"] if secure is None else []),
        *([f"path: {mark}/{mark}"] if path is None else []),
    ]
    edits = [file.replace(secure, "true")] if secure is not None and file.text(secure) == "false" else []
    if cookie is None:
        missing = [f"cookie: {{ {', '.join(missing)} }}"]
    elif not beside and missing:
        edits.append(add_option(file, cookie, ", ".join(missing)))
        missing = []
    added = between(file, options).join(filter(None, (name, *missing)))
    if named is not None:
        edits.append(file.insert(named.start_byte + 1, "__Host-"))
    return candidate(
        "host-prefix",
        [*([add_option(file, options, added)] if added else []), *edits],
        "The name tells nothing of the framework, and browsers take it only from this host, over HTTPS.",
        warnings=(_ONCE, HTTPS),
    )


def _is_named_elsewhere(target: Target, file: Parsed, name: str, *, here: int) -> bool:
    """Whether anything but the options speaks of the cookie: what clears it at sign-out, a client, a test."""
    quoted = re.compile(rf"['\"`]{re.escape(name)}['\"`=]")
    if len(quoted.findall(file.content.decode())) != here or name.startswith("__"):
        return True
    others = (path for path in target.tree.paths() if path.endswith(_SCRIPTS) and path != file.path)
    return any(quoted.search(text_of(target.tree, path)) for path in others)


_SCRIPTS = (".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".vue", ".html")

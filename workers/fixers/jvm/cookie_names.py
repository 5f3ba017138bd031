"""Cookies that are there for scripts of the page to read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.fixers.code import Parsed, region
from workers.fixers.jvm.source import matches
from workers.fixers.registry import Harmless, NoFix, Target
from workers.source.tests import is_test
from workers.source.tree import text_of

_MADE = r"\b{variable}\s*=\s*(?:new\s+)?(?:[\w.]+\.)?Cookie\(\s*(?P<name>\"[^\"\n]*\"|[\w.]+)\s*,"
_FOR_SCRIPTS = re.compile(r"[cx]srf", re.IGNORECASE)
"""Scripts send it back in a header: Angular and axios read it by themselves."""
_PREFERENCE = re.compile(r"locale|lang(?:uage|_|[A-Z]|\b)|theme|time_?zone|currency", re.IGNORECASE)
_READS = re.compile(r"document\.cookie|\b[cC]ookies?\w*(?:\(\))?\.get\(|\.cookie\(|\b(?:get|read)Cookie\(")
_PAGES = (".js", ".mjs", ".jsx", ".ts", ".tsx", ".vue", ".html", ".htm", ".jsp", ".jspf", ".ftl")


def refuse_read(target: Target, file: Parsed, variable: str) -> None:
    """Raise where scripts of the page read the cookie that the variable holds.

    Raises:
        NoFix: they do, or its name says that it is for them.
    """
    made = matches(file, _MADE.format(variable=re.escape(variable)), 0, len(file.content))
    if _FOR_SCRIPTS.search(variable):
        _refuse_name(target, file, variable)
    for name in {each["name"].decode() for each in made}:
        text = _text(target, file, name)
        if text is not None:
            _refuse_name(target, file, text)
        elif any(_READS.search(text_of(target.tree, path)) for path in _pages(target)):
            message = f"{file.path}:{region(target).start_line} names its cookie `{name}`, and scripts here read some"
            raise NoFix(message)


def refuse_others(file: Parsed, variable: str, start: int, end: int) -> None:
    """Say so where the cookie is made elsewhere than in the function, or holds what a page looks like.

    Raises:
        Harmless: it holds the language or the like, which is no secret.
        NoFix: it comes from a caller, a request or another cookie.
    """
    made = matches(file, _MADE.format(variable=re.escape(variable)), start, end)
    if not made:
        message = f"{file.path} adds `{variable}`, which is made elsewhere: its flags belong there"
        raise NoFix(message)
    if _PREFERENCE.search(f"{variable} {made[0]['name'].decode()}"):
        message = f"{file.path}:{file.line_of(made[0].start())} makes a cookie of how a page looks, which is no secret"
        raise Harmless(message)


def _refuse_name(target: Target, file: Parsed, name: str) -> None:
    where = f"{file.path}:{region(target).start_line}"
    if _FOR_SCRIPTS.search(name):
        message = f"{where} sets a cookie that scripts are to send back in a header: they have to read it"
        raise NoFix(message)
    named = re.compile(rf"['\"`\s;(]{re.escape(name)}\s*['\"`=]")
    for path in _pages(target):
        text = text_of(target.tree, path)
        if _READS.search(text) and named.search(text):
            message = f"{where} sets a cookie that {path} reads: a script no longer could"
            raise NoFix(message)


def _pages(target: Target) -> Iterator[str]:
    return (path for path in target.tree.paths() if path.endswith(_PAGES) and not is_test(path))


def _text(target: Target, file: Parsed, written: str) -> str | None:
    """The name as it is written, or what the project's constant of that name holds."""
    if written.startswith('"'):
        return written[1:-1]
    constant = re.compile(rf"\bString\s+{re.escape(written.rpartition('.')[2])}\s*=\s*\"([^\"\n]+)\"")
    own = constant.search(file.content.decode("utf-8", "replace"))
    if own is not None or "." not in written:
        return own[1] if own is not None else None
    others = (text_of(target.tree, path) for path in target.tree.paths() if path.endswith((".java", ".kt")))
    found = {each for text in others for each in constant.findall(text)}
    return found.pop() if len(found) == 1 else None

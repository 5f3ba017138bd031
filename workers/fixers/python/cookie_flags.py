"""Cookies set without the flags that limit where they go."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.calls import add_argument, keyword, refuse_unpacked
from workers.fixers.python.module import Module, flagged
from workers.fixers.registry import NoFix, Target, fixer

_FLAGS = {"secure": "True", "httponly": "True"}
_WARNING = "Over plain HTTP the cookie is no longer sent, and scripts of the page no longer read it."


@fixer(
    name="python-cookie-flags",
    weakness="cookie without protective flags",
    cwes=(614, 1004),
    rules={"semgrep": ["secure-set-cookie", "django-secure-set-cookie"]},
    explain="""A cookie without `secure` travels over plain HTTP as well; without `httponly` any script of the page
reads it; without `samesite` other sites' forms send it along (CWE-614, CWE-1004, CWE-1275).

All three are arguments of `set_cookie`. `samesite="Lax"` still lets a link from elsewhere arrive signed in,
`samesite="Strict"` does not. A cookie that the page's own JavaScript has to read keeps `httponly=False`, said so.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`set_cookie(…)` → with the flags it lacks."""
    file, call = flagged(target, ast.Call, _sets_cookie)
    refuse_unpacked(file, call)
    missing = [f"{name}={value}" for name, value in _FLAGS.items() if keyword(call, name) is None]
    if not missing and keyword(call, "samesite") is not None:
        message = f"{file.path}:{call.lineno} sets all three flags"
        raise NoFix(message)
    sites = ("Lax", "Strict") if keyword(call, "samesite") is None else ("",)
    for site in sites:
        added = [*missing, f'samesite="{site}"'] if site else missing
        yield candidate(
            f"same-site-{site.lower()}" if site else "flags",
            [add_argument(file, call, ", ".join(added))],
            "The cookie goes over HTTPS only, to no script, and other sites' requests do not carry it along.",
            warnings=(_WARNING,),
        )


def _sets_cookie(_file: Module, call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "set_cookie"

"""Pyramid's cookie of who is signed in, set without the flags that limit where it goes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.source.calls import add_argument, keyword, refuse_unpacked, set_keyword
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.registry import Harmless, NoFix, Target, fixer

_CALLS = tuple(f"pyramid.authentication.{name}" for name in ("AuthTktAuthenticationPolicy", "AuthTktCookieHelper"))
_HTTPS = "The cookie that says who is signed in goes over HTTPS only."
_OVER_HTTP = "Over plain HTTP nobody stays signed in any more."


@fixer(
    name="pyramid-ticket-cookie",
    weakness="cookie without protective flags",
    cwes=(614, 1004),
    rules={"semgrep": ["pyramid-authtkt-cookie-*"]},
    explain="""The ticket in this cookie is all that it takes to be somebody: without `secure` it travels over plain
HTTP as well, without `http_only` any script of the page reads it (CWE-614, CWE-1004). Other sites' forms do not carry
it along: `samesite='Lax'` is the default.

`secure=True` alone ends the finding; with `http_only=True` beside it a script that somebody else brings into a page
cannot take it either. Pyramid calls that argument `http_only`; some rules look for `httponly`, which it refuses.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`AuthTktAuthenticationPolicy(…)` → with the flags it lacks."""
    file, call = flagged(target, ast.Call, lambda each, node: each.calls(node, *_CALLS))
    refuse_unpacked(file, call)
    rule = target.finding.rule
    if "httponly" in rule:
        message = (
            f"{file.path}:{call.lineno}: Pyramid's argument is `http_only`, and `httponly`, which the rule looks for, "
            "raises TypeError: set `http_only=True` and suppress the finding"
        )
        raise NoFix(message)
    if "samesite" in rule:
        yield from _same_site(file, call)
        return
    edit = set_keyword(file, call, "secure", "True")
    yield candidate("secure", [edit], _HTTPS, warnings=(_OVER_HTTP,))
    if keyword(call, "http_only") is None:
        both = (
            [edit, add_argument(file, call, "http_only=True")]
            if keyword(call, "secure")
            else [add_argument(file, call, "secure=True, http_only=True")]
        )
        yield candidate(
            "secure-and-http-only", both, f"{_HTTPS} No script of a page can read it.", warnings=(_OVER_HTTP,)
        )


def _same_site(file: Module, call: ast.Call) -> Iterator[Candidate]:
    given = keyword(call, "samesite")
    value = given.value.value if given is not None and isinstance(given.value, ast.Constant) else ""
    if value in ("Strict", "Lax"):
        message = f"{file.path}:{call.lineno} is as strict as the rule asks for, or stricter"
        raise Harmless(message)
    if given is None or value is not None:
        message = f"{file.path}:{call.lineno} sends the cookie along from every site on purpose: pages may embed this"
        raise NoFix(message)
    yield candidate(
        "lax",
        [file.replace(given.value, "'Lax'")],  # the rule reads the quotes as well
        "Forms and scripts of other sites do not carry the cookie along; a link from elsewhere does.",
    )

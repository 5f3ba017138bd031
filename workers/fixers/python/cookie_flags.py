"""Cookies set without the flags that limit where they go."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.source.calls import add_argument, keyword, refuse_unpacked, set_keyword
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.registry import Harmless, NoFix, Target, fixer

_FLAGS = {"secure": "True", "httponly": "True"}
_WARNING = "Over plain HTTP the cookie is no longer sent, and scripts of the page no longer read it."
_NAMED = re.compile(r"pyramid-set-cookie-(?P<flag>httponly|samesite|secure)-unsafe-(?P<how>default|value)")
_ONE = {
    "secure": "The cookie goes over HTTPS only.",
    "httponly": "No script of the page can read the cookie.",
    "samesite": "Forms and scripts of other sites do not carry the cookie along; a link from elsewhere does.",
}

_STRICT = "No request that another site starts carries the cookie along, not even a link."


@fixer(
    name="python-cookie-flags",
    weakness="cookie without protective flags",
    cwes=(614, 1004),
    rules={"semgrep": ["secure-set-cookie", "django-secure-set-cookie", "pyramid-set-cookie-*"]},
    explain="""A cookie without `secure` travels over plain HTTP as well; without `httponly` any script of the page
reads it; without `samesite` other sites' forms send it along (CWE-614, CWE-1004, CWE-1275).

All three are arguments of `set_cookie`. `samesite="Lax"` still lets a link from elsewhere arrive signed in,
`samesite="Strict"` does not. A cookie that the page's own JavaScript has to read keeps `httponly=False`, said so. Where
the rule is about one flag, that one can be set alone.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`set_cookie(…)` → with the flags it lacks."""
    file, call = flagged(target, ast.Call, _sets_cookie)
    refuse_unpacked(file, call)
    named = _NAMED.search(target.finding.rule)
    if named is not None:
        yield from _one_flag(file, call, named["flag"])
        return
    missing = _missing(call)
    plain = keyword(call, "secure")
    off = plain is not None and isinstance(plain.value, ast.Constant) and not plain.value.value
    if not missing and not off and keyword(call, "samesite") is not None:
        message = f"{file.path}:{call.lineno} sets all three flags"
        raise NoFix(message)
    encrypted = [file.replace(plain.value, "True")] if plain is not None and off else []
    sites = ("Lax", "Strict") if keyword(call, "samesite") is None else ("",)
    for site in sites:
        added = [*missing, f'samesite="{site}"'] if site else missing
        more = [add_argument(file, call, ", ".join(added))] if added else []
        yield candidate(
            f"same-site-{site.lower()}" if site else "flags",
            [*encrypted, *more],
            _said([*added, *(["secure=True"] if off else [])]),
            warnings=(_WARNING,) if off or missing else (),
        )


def _said(added: Sequence[str]) -> str:
    """What each flag does that is set now."""
    return " ".join(_STRICT if each.endswith('"Strict"') else _ONE[each.partition("=")[0]] for each in added)


def _missing(call: ast.Call) -> list[str]:
    return [f"{name}={value}" for name, value in _FLAGS.items() if keyword(call, name) is None]


def _one_flag(file: Module, call: ast.Call, flag: str) -> Iterator[Candidate]:
    """The flag that Pyramid's rule names, alone and with the others that are not there."""
    wanted = _FLAGS.get(flag, "'Lax'")  # the rule reads the quotes as well
    given = keyword(call, flag)
    site = given.value.value if given is not None and isinstance(given.value, ast.Constant) else ""
    if flag == "samesite" and site == "Strict":
        message = f"{file.path}:{call.lineno} is stricter than the rule asks for"
        raise Harmless(message)
    if (
        given is not None
        and flag == "samesite"
        and isinstance(given.value, ast.Constant)
        and given.value.value == "None"
    ):
        message = f"{file.path}:{call.lineno} sends the cookie along from every site, and says so: pages may embed this"
        raise NoFix(message)
    edit = set_keyword(file, call, flag, wanted)
    yield candidate(flag, [edit], _ONE[flag], warnings=() if flag == "samesite" else (_WARNING,))
    others = [each for each in _missing(call) if not each.startswith(flag)]
    others += ["samesite='Lax'"] if flag != "samesite" and keyword(call, "samesite") is None else []
    if not others:
        return
    if given is None:
        edits = [add_argument(file, call, ", ".join([f"{flag}={wanted}", *others]))]
    else:
        edits = [edit, add_argument(file, call, ", ".join(others))]
    yield candidate("all-flags", edits, _said([f"{flag}={wanted}", *others]), warnings=(_WARNING,))


def _sets_cookie(_file: Module, call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "set_cookie"

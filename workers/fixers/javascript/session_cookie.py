"""Session cookies without the flags that limit where they go."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.manifest import dependencies
from workers.fixers.javascript.options import remove_pair
from workers.fixers.javascript.script import (
    add_option,
    arguments,
    called,
    flagged_node,
    option,
    pairs,
    quote,
    resolved,
    statement,
)
from workers.fixers.javascript.session_name import HTTPS, bound_to_host, renamed
from workers.fixers.javascript.session_options import (
    reads_beside_keys,
    refuse_older,
    refuse_other_package,
    refuse_plain_http,
    refuse_settled,
    refuse_unneeded,
)
from workers.fixers.registry import NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node


class _Flag(msgspec.Struct, frozen=True):
    """A cookie option, its sound values by approach, and what each means."""

    name: str
    values: dict[str, tuple[str, str]]
    warning: str | None = None


_STRICT = "same-site-strict"
_UNREAD = "Scripts of the page cannot read the cookie."
_ELSEWHERE = re.compile(r"passport-(?!local)|oauth|openid|oidc|saml|auth0|\bgrant\b")
_FLAGS = {
    "secure": _Flag(
        "secure",
        {"secure": ("true", "The browser sends the cookie over HTTPS only.")},
        HTTPS,
    ),
    "httponly": _Flag("httpOnly", {"http-only": ("true", _UNREAD)}),
    "samesite": _Flag(
        "sameSite",
        {
            "same-site-lax": ('"lax"', "Other sites' forms and images do not send the cookie; links to this site do."),
            _STRICT: ('"strict"', "Nothing on another site sends the cookie, not even a link to this one."),
        },
    ),
}

_NAMES = {"maxage": "maxAge", **{wanted: flag.name for wanted, flag in _FLAGS.items()}}


@fixer(
    name="javascript-session-cookie",
    weakness="session cookie without protective flags",
    cwes=(614, 1004),
    rules={
        "njsscan": ["cookie_session_*"],
        "semgrep": ["express-cookie-session-*"],
    },
    in_tests=False,
    explain="""A session cookie is the user's identity for whoever holds it. `secure` keeps it off plain HTTP,
`httpOnly` out of scripts' reach, `sameSite` out of requests that other sites start; an end limits how long a stolen
one works; a name of its own does not tell which framework made it (CWE-522, CWE-614, CWE-1004, CWE-1275).

Each flag is one option of express-session's `cookie`; cookie-session takes them beside its `keys`.
`sameSite: "lax"` still lets a link from elsewhere arrive signed in, `"strict"` does not.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`session({…})` → with the flag that the rule misses, also where the options are a variable's."""
    file, call = flagged_node(target, ("call_expression",), _is_session)
    options = resolved(file, arguments(call)[0], "object") if arguments(call) else None
    if options is None:
        message = f"{file.path}:{file.number(call)} takes its options from elsewhere: set the cookie's flags there"
        raise NoFix(message)
    line = f"statement:{file.number(statement(options))}"
    for made in _made(target, file, options, beside=reads_beside_keys(file, call)):
        yield msgspec.structs.replace(made, declares=(*made.declares, line))


def _made(target: Target, file: Parsed, options: Node, *, beside: bool) -> Iterator[Candidate]:
    """The candidates, for options that stand anywhere in the file."""
    wanted = target.finding.rule_name.rpartition("-")[2].rpartition("_")[2].lower()
    if wanted in {"name", "default"}:
        yield from renamed(target, file, options, beside=beside)
        return
    refuse_unneeded(file, options, wanted)
    if beside:
        refuse_other_package(file, options, _NAMES.get(wanted, wanted))
    if wanted == "maxage":
        yield _lasting(file, options)
        return
    flag = _FLAGS.get(wanted)
    if flag is None:
        message = f"no option of the session cookie is known for {target.finding.rule}"
        raise NoFix(message)
    if wanted == "secure":
        refuse_plain_http(target.tree, file, options)
    if wanted == "samesite":
        refuse_older(target.tree, file)
    values = [each for each in flag.values if each != _STRICT or not _signs_in_elsewhere(target)]
    makers = [functools.partial(_with_flag, file, options, flag, each) for each in values]
    if wanted == "secure":
        makers.append(functools.partial(bound_to_host, target, file, options, beside=beside))
    if wanted == "httponly":
        makers.append(functools.partial(_left_out, file, options, flag))
    yield from any_of(*makers)


def _signs_in_elsewhere(target: Target) -> bool:
    """Whether people come back from another site's sign-in, without their session where the cookie is a strict one."""
    return any(_ELSEWHERE.search(name) for name in dependencies(target.tree, target.finding.path or ""))


def _is_session(file: Parsed, call: Node) -> bool:
    return called(file, call).rpartition(".")[2].lower() in {"session", "cookiesession", "expresssession"}


def _left_out(file: Parsed, options: Node, flag: _Flag) -> Candidate:
    """Without the option, whose default is the safe value.

    Raises:
        NoFix: it is not set here, or shares its line.
    """
    cookie = option(file, options, "cookie")
    pair = next((pair for key, pair, _ in pairs(file, cookie) if key == flag.name), None) if cookie else None
    if pair is None or cookie is None:
        message = f"{file.path}:{file.number(options)} does not set {flag.name}"
        raise NoFix(message)
    refuse_settled(file, pair.child_by_field_name("value"), flag.name)
    return candidate("default", [remove_pair(file, pair)], f"{_UNREAD} express-session does so by itself.")


def _lasting(file: Parsed, options: Node) -> Candidate:
    """The cookie ends when what the store keeps for it does.

    Raises:
        NoFix: the options do not say when that is.
    """
    kept = re.findall(r"\bttl\s*:\s*(\d[\d\s*]*)", file.text(options))
    cookie = option(file, options, "cookie")
    if len(kept) != 1 or (cookie is not None and cookie.type != "object"):
        message = (
            f"{file.path}:{file.number(options)} does not say how long a session lasts: without `maxAge` its cookie "
            "ends with the browser; how much later than that is for the application to say"
        )
        raise NoFix(message)
    text = f"maxAge: {kept[0].strip()} * 1000"
    edit = add_option(file, cookie, text) if cookie is not None else add_option(file, options, f"cookie: {{ {text} }}")
    why = (
        "The cookie ends when the store forgets the session, which counts in seconds where the cookie has milliseconds."
    )
    return candidate("as-the-store", [edit], why, warnings=("The cookie outlasts the browser, up to that time.",))


def _with_flag(file: Parsed, options: Node, flag: _Flag, approach: str) -> Candidate:
    value, why = flag.values[approach]
    value = value.replace('"', quote(file))
    cookie = option(file, options, "cookie")
    if cookie is None:
        edit = add_option(file, options, f"cookie: {{ {flag.name}: {value} }}")
    elif cookie.type != "object":
        message = f"{file.path}:{file.number(cookie)} takes its cookie from elsewhere: set {flag.name} there"
        raise NoFix(message)
    else:
        present = option(file, cookie, flag.name)
        refuse_settled(file, present, flag.name)
        text = f"{flag.name}: {value}"
        edit = file.replace(present, value) if present is not None else add_option(file, cookie, text)
    return candidate(approach, [edit], why, warnings=(flag.warning,) if flag.warning else ())

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
from workers.fixers.javascript.script import add_option, arguments, called, flagged_node, option, quote
from workers.fixers.registry import Harmless, NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node


class _Flag(msgspec.Struct, frozen=True):
    """A cookie option, its sound values by approach, and what each means."""

    name: str
    values: dict[str, tuple[str, str]]
    warning: str | None = None


_STRICT = "same-site-strict"
_ELSEWHERE = re.compile(r"passport-(?!local)|oauth|openid|oidc|saml|auth0|\bgrant\b")
_FLAGS = {
    "secure": _Flag(
        "secure",
        {"secure": ("true", "The browser sends the cookie over HTTPS only.")},
        "Behind a proxy that ends TLS set `trust proxy`; over plain HTTP the session no longer works.",
    ),
    "httponly": _Flag("httpOnly", {"http-only": ("true", "Scripts of the page cannot read the cookie.")}),
    "samesite": _Flag(
        "sameSite",
        {
            "same-site-lax": ('"lax"', "Other sites' forms and images do not send the cookie; links to this site do."),
            _STRICT: ('"strict"', "Nothing on another site sends the cookie, not even a link to this one."),
        },
    ),
    "path": _Flag("path", {"path": ('"/"', "The cookie's path is spelled out.")}),
    "domain": _Flag(
        "domain",
        {
            "domain-from-environment": (
                "process.env.COOKIE_DOMAIN",
                "The cookie goes to the host that COOKIE_DOMAIN names.",
            )
        },
        "Set COOKIE_DOMAIN to the site's own host; a parent domain sends the cookie to all its subdomains.",
    ),
    "maxage": _Flag(
        "maxAge",
        {
            "one-hour": ("60 * 60 * 1000", "The cookie ends an hour after it was last set."),
            "eight-hours": ("8 * 60 * 60 * 1000", "The cookie ends a working day after it was last set."),
        },
        "Users are signed out when it ends.",
    ),
    "expires": _Flag(
        "expires",
        {"one-hour": ("new Date(Date.now() + 60 * 60 * 1000)", "The cookie has an end.")},
        "The date is computed when the program starts: prefer `maxAge`, which counts from each response.",
    ),
}


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
    """`session({…})` → with the flag that the rule misses."""
    file, call = flagged_node(target, ("call_expression",), _is_session)
    options = arguments(call)[0] if arguments(call) else None
    if options is None or options.type != "object":
        message = f"{file.path}:{file.number(call)} takes its options from elsewhere: set the cookie's flags there"
        raise NoFix(message)
    wanted = target.finding.rule.rpartition(".")[2].rpartition("-")[2].rpartition("_")[2].lower()
    if wanted in {"name", "default"}:
        yield from _name(file, options, beside=_reads_beside_keys(file, call))
        return
    if _reads_beside_keys(file, call):
        _refuse_other_package(file, options, wanted)
    flag = _FLAGS.get(wanted)
    if flag is None:
        message = f"no option of the session cookie is known for {target.finding.rule}"
        raise NoFix(message)
    values = [each for each in flag.values if each != _STRICT or not _signs_in_elsewhere(target)]
    yield from any_of(*(functools.partial(_with_flag, file, options, flag, each) for each in values))


def _signs_in_elsewhere(target: Target) -> bool:
    """Whether people come back from another site's sign-in, without their session where the cookie is a strict one."""
    return any(_ELSEWHERE.search(name) for name in dependencies(target.tree, target.finding.path or ""))


_SAFE_UNSET = {
    "path": "it is `/`",
    "domain": "the cookie goes to this host alone",
    "httpOnly": "no script can read the cookie",
}


def _reads_beside_keys(file: Parsed, call: Node) -> bool:
    """Whether it is cookie-session, which takes a cookie's flags as options of its own and reads no `cookie`."""
    name = re.escape(called(file, call))
    made = (
        rf"\b{name}\s*=\s*require\(\s*['\"`]cookie-session|import\s+(?:\*\s*as\s+)?{name}\s+from\s+['\"]cookie-session"
    )
    return bool(re.search(made, file.content.decode()))


def _refuse_other_package(file: Parsed, options: Node, wanted: str) -> None:
    """Raise, since the rule looks for a `cookie` object that this package does not read.

    Raises:
        Harmless: the flag is set where the package reads it.
        NoFix: it is not.
    """
    flag = _FLAGS.get(wanted)
    name = flag.name if flag else wanted
    value = option(file, options, name)
    at = f"{file.path}:{file.number(options)}"
    if value is not None and file.text(value) not in ("false", "undefined", "null"):
        message = f"{at} sets `{name}` where cookie-session reads it; the rule only knows express-session's `cookie`"
        raise Harmless(message)
    if value is None and name in _SAFE_UNSET:
        message = f"{at} leaves `{name}` to cookie-session: {_SAFE_UNSET[name]}; the rule only knows express-session"
        raise Harmless(message)
    message = (
        f"{at} is cookie-session, which reads `{name}` beside `keys` and no `cookie`: set it there, and suppress the "
        "rule, which only knows express-session's form"
    )
    raise NoFix(message)


def _is_session(file: Parsed, call: Node) -> bool:
    return called(file, call).rpartition(".")[2].lower() in {"session", "cookiesession", "expresssession"}


def _name(file: Parsed, options: Node, *, beside: bool) -> Iterator[Candidate]:
    mark = quote(file)
    once = "Users are signed out once, because their old cookie has another name."
    yield candidate(
        "plain-name",
        [add_option(file, options, f"name: {mark}sid{mark}")],
        "The cookie's name no longer tells which framework set it.",
        warnings=(once,),
    )
    missing = option(file, options, "cookie") is None
    if beside and any(option(file, options, name) is not None for name in ("secure", "path", "domain")):
        return
    if missing or _is_bound_to_host(file, options):
        bound = f"secure: true, path: {mark}/{mark}"
        flags = (f", {bound}" if beside else f", cookie: {{ {bound} }}") if missing else ""
        yield candidate(
            "host-prefix",
            [add_option(file, options, f"name: {mark}__Host-sid{mark}{flags}")],
            "The name tells nothing of the framework, and browsers take it only from this host, over HTTPS.",
            warnings=(
                once,
                "Over plain HTTP the session no longer works; behind a proxy that ends TLS set `trust proxy`.",
            ),
        )


def _is_bound_to_host(file: Parsed, options: Node) -> bool:
    """Whether browsers would take a `__Host-` cookie with these options: secure, path /, no domain."""
    cookie = option(file, options, "cookie")
    if cookie is None or cookie.type != "object":
        return False
    secure, path, domain = (option(file, cookie, name) for name in ("secure", "path", "domain"))
    at_root = path is None or file.text(path).strip("'\"`") == "/"
    return secure is not None and file.text(secure) == "true" and at_root and domain is None


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
        text = f"{flag.name}: {value}"
        edit = file.replace(present, value) if present is not None else add_option(file, cookie, text)
    return candidate(approach, [edit], why, warnings=(flag.warning,) if flag.warning else ())

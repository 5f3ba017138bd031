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
    literal,
    option,
    pairs,
    quote,
    resolved,
    statement,
)
from workers.fixers.javascript.session_options import (
    between,
    reads_beside_keys,
    refuse_older,
    refuse_other_package,
    refuse_plain_http,
    refuse_settled,
    refuse_unneeded,
)
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.tree import text_of

if TYPE_CHECKING:
    from tree_sitter import Node


class _Flag(msgspec.Struct, frozen=True):
    """A cookie option, its sound values by approach, and what each means."""

    name: str
    values: dict[str, tuple[str, str]]
    warning: str | None = None


_STRICT = "same-site-strict"
_UNREAD = "Scripts of the page cannot read the cookie."
_HTTPS = (
    "Behind a proxy that ends TLS set `trust proxy`; over plain HTTP, as on one's own machine, there is no session."
)
_ELSEWHERE = re.compile(r"passport-(?!local)|oauth|openid|oidc|saml|auth0|\bgrant\b")
_FLAGS = {
    "secure": _Flag(
        "secure",
        {"secure": ("true", "The browser sends the cookie over HTTPS only.")},
        _HTTPS,
    ),
    "httponly": _Flag("httpOnly", {"http-only": ("true", _UNREAD)}),
    "samesite": _Flag(
        "sameSite",
        {
            "same-site-lax": ('"lax"', "Other sites' forms and images do not send the cookie; links to this site do."),
            _STRICT: ('"strict"', "Nothing on another site sends the cookie, not even a link to this one."),
        },
    ),
    "maxage": _Flag(
        "maxAge",
        {
            "one-hour": ("60 * 60 * 1000", "The cookie ends an hour after it was last set."),
            "eight-hours": ("8 * 60 * 60 * 1000", "The cookie ends a working day after it was last set."),
        },
        "Users are signed out when it ends.",
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
        if option(file, options, "key") is not None:
            message = f"{file.path}:{file.number(options)} names its cookie by `key`, as express-session calls it too"
            raise Harmless(message)
        yield from any_of(lambda: _named(target, file, options), lambda: _bound(target, file, options, beside=beside))
        return
    refuse_unneeded(file, options, wanted)
    if beside:
        refuse_other_package(file, options, _FLAGS[wanted].name if wanted in _FLAGS else wanted)
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
        makers.append(functools.partial(_bound, target, file, options, beside=beside))
    if wanted == "httponly":
        makers.append(functools.partial(_left_out, file, options, flag))
    yield from any_of(*makers)


def _signs_in_elsewhere(target: Target) -> bool:
    """Whether people come back from another site's sign-in, without their session where the cookie is a strict one."""
    return any(_ELSEWHERE.search(name) for name in dependencies(target.tree, target.finding.path or ""))


def _is_session(file: Parsed, call: Node) -> bool:
    return called(file, call).rpartition(".")[2].lower() in {"session", "cookiesession", "expresssession"}


_DEFAULT = "connect.sid"
_ONCE = "Users are signed out once, because their old cookie has another name."


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


def _bound(target: Target, file: Parsed, options: Node, *, beside: bool) -> Candidate:
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
        warnings=(_ONCE, _HTTPS),
    )


def _is_named_elsewhere(target: Target, file: Parsed, name: str, *, here: int) -> bool:
    """Whether anything but the options speaks of the cookie: what clears it at sign-out, a client, a test."""
    quoted = re.compile(rf"['\"`]{re.escape(name)}['\"`=]")
    if len(quoted.findall(file.content.decode())) != here or name.startswith("__"):
        return True
    others = (path for path in target.tree.paths() if path.endswith(_SCRIPTS) and path != file.path)
    return any(quoted.search(text_of(target.tree, path)) for path in others)


_SCRIPTS = (".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".vue", ".html")


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
    return candidate("default", [remove_pair(file, pair)], f"{_UNREAD} express-session does so by itself.")


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

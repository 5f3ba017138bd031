"""Template engines told not to escape, and headers told to stay away."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import region
from workers.fixers.javascript.manifest import dependencies
from workers.fixers.javascript.options import Option, propose_options
from workers.fixers.javascript.script import script
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.tests import is_test
from workers.source.tree import text_of

_WARNING = "Templates that mean to insert HTML must say so at each such place."
_ESCAPES = "What templates insert is escaped."
_HELMET = "Helmet sends the header again."
_HEADERS = (
    "frameguard",
    "permittedCrossDomainPolicies",
    "dnsPrefetchControl",
    "expectCt",
    "featurePolicy",
    "hsts",
    "ieNoOpen",
    "noSniff",
    "hidePoweredBy",
    "referrerPolicy",
    "xssFilter",
)
_OPTIONS = (
    Option(name="noEscape", bad=("true",), good="false", why=_ESCAPES, warning=_WARNING),
    Option(name="autoEscape", bad=("false",), good="true", why=_ESCAPES, warning=_WARNING),
    Option(name="autoescape", bad=("false",), good="true", why=_ESCAPES, warning=_WARNING),
    Option(name="unsafe", bad=("true",), good="false", why="The serialiser escapes what would end a script."),
    *(Option(name=name, bad=("false",), good="true", why=_HELMET) for name in _HEADERS),
    Option(
        name="contentSecurityPolicy",
        bad=("false",),
        good="true",
        why="Helmet sends its default Content-Security-Policy.",
        warning="Inline scripts and other hosts need directives of their own: try it with reportOnly first.",
    ),
)

_PAGES = (".html", ".htm", ".ejs", ".hbs", ".handlebars", ".mustache", ".njk", ".pug", ".jade", ".liquid", ".twig")
_REFUSED = re.compile(
    r"<script(?![^>]*\bsrc\s*=)[^>]*>|\son[a-z]{3,}\s*=\s*[\"'{]|^\s*script\.\s*$"
    r"|<(?:script|img|iframe)\b[^>]*\bsrc\s*=\s*[\"'](?:https?:)?//[^\"']*|\bscript\([^)]*\bsrc\s*=\s*[\"'](?:https?:)?//",
    re.MULTILINE | re.IGNORECASE,
)
"""Scripts in the page itself, handlers in attributes, and what comes from another site."""

_VIEWS = (".jsx", ".tsx", ".vue", ".svelte")
_ASKED = re.compile(
    r"(?:fetch|axios[.\w]*|src|url|WebSocket|import)\s*[=:(]+\s*\{?\s*['\"`](?:https?:|wss?:)?//(?P<host>(?!localhost|127\.)[\w.-]+)"
)
_FRAMED = re.compile(r"\biframes?\b|\bembed(?:ded|ding)?\b", re.IGNORECASE)
_CONSOLE = re.compile(
    r"apollo-server|graphi?ql-(?:playground|yoga)|graphiql|swagger-ui|\bredoc|bull-board|adminjs|express-status"
)


@fixer(
    name="javascript-escaping-option",
    weakness="output protection switched off",
    cwes=(79,),
    rules={
        "njsscan": [
            "handlebars_noescape",
            "squirrelly_autoescape",
            "xss_serialize_javascript",
            "helmet_feature_disabled",
        ],
        "semgrep": ["handlebars-noescape", "helmet-feature-disabled", "unsafe-serialize-javascript"],
    },
    explain="""Template engines escape what they insert, so that a value with `<script>` in it shows as text.
`noEscape`, `autoEscape: false` and `unsafe: true` turn that off for all values at once (CWE-79). Helmet's switches do
the same to the response headers that limit what a script could still do.

Set the option right, or leave it out where the default is safe. The few places that mean to insert HTML then say so
one by one, with the engine's own mark.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A protection switched off → on, by value or by default."""
    file = script(target)
    said = "\n".join(file.line(number).decode() for number in region(target).lines)
    if "contentSecurityPolicy" in said:
        _refuse_console(target)
        _refuse_inline(target)
    if "frameguard" in said:
        _refuse_framed(target)
    yield from propose_options(target, _OPTIONS)


def _refuse_console(target: Target) -> None:
    """Raise where a package shows a page of its own, with scripts that Helmet's policy does not let run.

    Raises:
        NoFix: the project has one.
    """
    shown = next(filter(_CONSOLE.search, dependencies(target.tree, target.finding.path or "")), None)
    if shown is not None:
        message = (
            f"{shown} shows a page with scripts of its own, which Helmet's default policy refuses: allow those by name"
        )
        raise NoFix(message)


def _refuse_framed(target: Target) -> None:
    """Raise where the project speaks of pages in frames.

    Raises:
        NoFix: it does.
    """
    for path in target.tree.paths():
        if path.endswith((*_PAGES, *_VIEWS, ".md")) and _FRAMED.search(text_of(target.tree, path)):
            message = f"{path} speaks of frames: which sites may show these pages in one is for their owner to say"
            raise NoFix(message)


def _refuse_inline(target: Target) -> None:
    """Raise where a page holds what Helmet's own policy does not let run or load.

    Raises:
        NoFix: it does.
    """
    for path in target.tree.paths():
        if path.endswith(_VIEWS) and not is_test(path) and (asked := _ASKED.search(text_of(target.tree, path))):
            message = f"{path} asks {asked['host']}, which Helmet's default policy refuses: name it in the directives"
            raise NoFix(message)
        if path.endswith(_PAGES) and not is_test(path) and (found := _REFUSED.search(text_of(target.tree, path))):
            message = (
                f"{path} holds `{found[0].strip()[:40]}`, which Helmet's default policy refuses: write the directives "
                "that the pages need"
            )
            raise NoFix(message)

"""Template engines told not to escape, and headers told to stay away."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import region
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
    if any("contentSecurityPolicy" in file.line(number).decode() for number in region(target).lines):
        _refuse_inline(target)
    yield from propose_options(target, _OPTIONS)


def _refuse_inline(target: Target) -> None:
    """Raise where a page holds what Helmet's own policy does not let run or load.

    Raises:
        NoFix: it does.
    """
    for path in target.tree.paths():
        if path.endswith(_PAGES) and not is_test(path) and (found := _REFUSED.search(text_of(target.tree, path))):
            message = (
                f"{path} holds `{found[0].strip()[:40]}`, which Helmet's default policy refuses: write the directives "
                "that the pages need"
            )
            raise NoFix(message)

"""Jinja templates that do not escape."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import any_of, candidate
from workers.fixers.python.html.template_names import is_environment, string_templates, template_names
from workers.fixers.python.html.template_values import spoiled, spoiled_text
from workers.fixers.python.source.calls import set_keyword
from workers.fixers.python.source.imports import imported_from
from workers.fixers.python.source.module import flagged
from workers.fixers.registry import Harmless, NoFix, Target, fixer

_OTHER = re.compile(r"latex|\btex\b", re.IGNORECASE)
"""Templates of another language than HTML, which HTML's escapes would spoil."""
_MAY_BE_HTML = re.compile(r"html?|xml|svg|^[^.]*$|^[^.]*\.(?:j2|jinja2?|tmpl|tpl)$", re.IGNORECASE)
"""Names that say, or may mean, that a template is HTML or XML."""
_HTML = re.compile(r"\.(?:x?html?|xml|svg)(\.\w+)?$", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][\w-]*(?:\s[^<>]*)?/?>")
_DEFAULT = ("html", "htm", "xml")
_WARNING = "Templates that mean to insert HTML need the `safe` filter or Markup there."


@fixer(
    name="python-jinja-autoescape",
    weakness="template without HTML escaping",
    cwes=(79,),
    rules={"bandit": ["B701"], "semgrep": ["*autoescape-disabled*", "incorrect-autoescape-disabled"]},
    explain="""Jinja inserts values as they are unless autoescape is on, so a value that holds `<script>` becomes a
script of the page (CWE-79). Flask turns it on for its own templates; an `Environment` made by hand does not.

`select_autoescape()` escapes templates named `.html`, `.htm` and `.xml` and those made from strings, and leaves text
and configuration files alone. `autoescape=True` escapes all, whatever their name: right where all are HTML or XML.""",
    in_tests=False,
)
def propose(target: Target) -> Iterator[Candidate]:
    """`Environment(…)` → with escaping by the template's name, or always."""
    file, call = flagged(target, ast.Call, is_environment)
    names = template_names(target.tree, file, call)
    if names and not any(_MAY_BE_HTML.search(name) for name in names):
        message = f"{file.path}:{call.lineno} makes {names[0]} and its like, which escapes for HTML would spoil"
        raise Harmless(message)
    texts = string_templates(file, call)
    if not all(text is not None and _TAG.search(text) for text in texts):
        message = (
            f"{file.path}:{call.lineno} makes templates of strings, whose names do not say whether they are HTML: what "
            "is none would be escaped too; give those that are an environment of their own"
        )
        raise NoFix(message)
    inserted = next((found for text in texts if text and (found := spoiled_text(text))), None)
    place = f"`{inserted}`" if inserted else spoiled(target.tree, names)
    if place is not None:
        message = (
            f"{file.path}:{call.lineno} fills {place}, which is HTML or a script's data and would be escaped: mark "
            "what is safe by the `safe` or `tojson` filter first"
        )
        raise NoFix(message)
    longer = sorted({match[0][1:].lower() for name in names if (match := _HTML.search(name)) and match[1]})

    def by_name() -> Candidate:
        select = imported_from(target, file, "jinja2", "select_autoescape")
        name, edits, declares = select.name, select.edits, select.declares
        if edits and isinstance(call.func, ast.Attribute):
            name, edits, declares = f"{file.text(call.func.value)}.select_autoescape", (), ()
        endings = ", ".join(f'"{each}"' for each in (*_DEFAULT, *longer)) if longer else ""
        return candidate(
            "select-autoescape",
            [set_keyword(file, call, "autoescape", f"{name}([{endings}])" if endings else f"{name}()"), *edits],
            "HTML and XML templates escape what they insert; other files stay as they are.",
            declares=declares,
            warnings=(_WARNING,),
        )

    def always() -> Candidate:
        return candidate(
            "autoescape-always",
            [set_keyword(file, call, "autoescape", "True")],
            "Every template escapes what it inserts: all that it takes are HTML or XML.",
            warnings=(_WARNING,),
        )

    other = _OTHER.search(file.path) or _OTHER.search(file.text(call))
    all_html = bool(names or texts) and all(_HTML.search(name) for name in names)
    yield from any_of(by_name, *([always] if all_html and not other else []))

"""Templates that are put together from values before they are rendered."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.html.context import unescapable
from workers.fixers.python.html.values import field_names, unescaped
from workers.fixers.python.source.calls import add_argument
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.python.source.strings import template, written_like
from workers.fixers.python.source.variables import definitions
from workers.fixers.registry import Harmless, NoFix, Target, fixer

_RENDER = "flask.render_template_string"


@fixer(
    name="python-template-string",
    weakness="code in a template",
    cwes=(1336, 94),
    rules={"semgrep": ["dangerous-template-string", "render-template-string"]},
    explain="""What is pasted into a template before it is rendered is read as a template: `{{ config }}` in a name
shows the app's secrets, and `{{ ''.__class__… }}` runs code in this process (CWE-1336).

A value that is given to the template by name is only ever shown, and Flask escapes it. A template whose text is fixed
is safe already; one with more than a line is easier to read in a file, through `render_template`.""",
    in_tests=False,
)
def propose(target: Target) -> Iterator[Candidate]:
    """A template with pasted values → the same with the values by name."""
    file, call = flagged(target, ast.Call, lambda each, node: each.calls(node, _RENDER) and bool(node.args))
    built = _built(file, call)
    where = f"{file.path}:{call.lineno}"
    if isinstance(built, ast.Constant):
        message = f"{where} renders a template whose text is fixed, and Flask escapes what goes into it"
        raise Harmless(message)
    line = template(file, built)
    if line is None or not line.values or len(line.parts) == 1:
        message = f"{where} renders a text that is made elsewhere: give its values to the template by name there"
        raise NoFix(message)
    if any(not value.plain for value in line.values):
        message = f"{where} formats a value in its own way: give it to the template as it is to be shown"
        raise NoFix(message)
    if any(each in line.literal for each in ("{%", "{{", "{#")):
        message = f"{where} has a template of its own around the values, whose names these must not take"
        raise NoFix(message)
    if (why := unescapable(line, addresses=True)) is not None:
        message = f"{where} has a value {why}: escaping for HTML does not end that"
        raise NoFix(message)
    sources = [unescaped(file, built, value.source) for value in line.values]
    names = field_names(sources)
    if taken := {each.arg for each in call.keywords} & {*names, None}:
        message = f"{where} gives the template `{taken.pop() or '**'}` already"
        raise NoFix(message)
    fields = iter(names)
    text = "".join(part if isinstance(part, str) else f"{{{{ {next(fields)} }}}}" for part in line.parts)
    given = dict(zip(names, sources, strict=True))
    yield candidate(
        "values-by-name",
        [
            file.replace(built, written_like(file.text(built), text)),
            add_argument(file, call, ", ".join(f"{name}={source}" for name, source in given.items())),
        ],
        "The template's text is fixed; the values are shown where it names them, escaped.",
        declares=[f"statement:{file.statement(built).lineno}", f"statement:{file.statement(call).lineno}"],
        warnings=("A value that is HTML on purpose is shown as text.",),
    )


def _built(file: Module, call: ast.Call) -> ast.expr:
    """What is rendered: the argument, or what alone its variable is given."""
    given = call.args[0]
    if isinstance(given, ast.Name):
        defined = definitions(file, given)
        if defined is not None and len(defined) == 1:
            return defined[0].value
        module = [
            node.value
            for node in file.nodes
            if isinstance(node, ast.Assign)
            and any(isinstance(each, ast.Name) and each.id == given.id for each in ast.walk(node))
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id == given.id
        ]
        if len(module) == 1 and isinstance(module[0], ast.Constant):
            return module[0]
    return given

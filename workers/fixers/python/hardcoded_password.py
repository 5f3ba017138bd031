"""Passwords written into Python code."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import MASKED, any_of, candidate, region
from workers.fixers.python.credentials.at import credential_at
from workers.fixers.python.credentials.names import called, is_overridable, variable_of
from workers.fixers.python.credentials.uses import is_first_account
from workers.fixers.python.source.at_build import checks, refuse_at_build, taken_over
from workers.fixers.python.source.imports import Import, imported, together
from workers.fixers.python.source.module import Module, module
from workers.fixers.python.source.published import is_published
from workers.fixers.python.source.runner import makes_up, of_a_runner
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.fixers.secrets.names import ROTATE, refuse_test

_DEFAULTS_OF_ALL = re.compile(
    r"(?:^|[/_])(?:global_|base_)?defaults?(?:_settings|_config)?\.py$|(?:^|/)global_settings\.py$"
)
"""Modules whose values hold where a project's own settings say nothing: a required variable would stop them all."""
_OF_THE_DOCUMENTATION = re.compile(r"(?:^|/)docs?/")
_ANYBODY = frozenset(("guest", "anonymous", "anonymous@", "public"))


@fixer(
    name="python-hardcoded-password",
    weakness="credential in the code",
    cwes=(259, 798),
    rules={
        "bandit": ["B105", "B106", "B107"],
        "semgrep": [
            "hardcoded-password-default-argument",
            "avoid_hardcoded_config_SECRET_KEY",
            "jwt-python-hardcoded-secret",
            "hardcoded-token",
        ],
    },
    explain="""A password in the code is known to everyone who ever reads the code, its history, its build or a stack
trace with source lines, and it cannot differ between a test machine and the real one (CWE-259, CWE-798).

`os.environ["NAME"]` takes it from the process' environment and stops at once, with the name, where it is missing.
Reading it from a file that `NAME_FILE` points to suits Docker and Kubernetes secrets and keeps it out of the
environment, which child processes inherit. In both cases: rotate it, because the history still has it.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A literal credential → the environment, or a mounted file."""
    file = module(target)
    certain = target.finding.tool != "bandit"
    constant, name = credential_at(file, region(target), certain=certain)
    refuse_test(file.path, constant.lineno)
    if _OF_THE_DOCUMENTATION.search(file.path):
        message = f"{file.path}:{constant.lineno} is for the documentation: whoever builds it would have to set a value"
        raise Harmless(message)
    if of_a_runner(file) or makes_up(file):
        message = (
            f"{file.path}:{constant.lineno} is of a test runner, of the runs that build this, of what makes data up "
            "or of a developer's own machine: its credentials open nothing"
        )
        raise Harmless(message)
    variable = variable_of(file, constant, name)
    parent = file.parents.get(constant)
    if isinstance(parent, ast.Assign) and _is_environment(file, parent.targets[0]):
        message = (
            f"{file.path}:{constant.lineno} gives the environment's own variable a value: set {variable} where this "
            "runs, and take the line out"
        )
        raise NoFix(message)
    if isinstance(parent, ast.arguments):
        _refuse_published(target, file, constant)
        yield from any_of(
            lambda: _parameter(target, file, constant, variable, mounted=False),
            lambda: _parameter(target, file, constant, variable, mounted=True),
        )
        return
    if _DEFAULTS_OF_ALL.search(file.path):
        if str(constant.value).lower() in _ANYBODY:
            message = f"{file.path}:{constant.lineno} is what everybody signs in with as a guest: it keeps nobody out"
            raise Harmless(message)
        message = (
            f"{file.path}:{constant.lineno} is a default of every installation: let the settings of each one name it, "
            "and start without one"
        )
        raise NoFix(message)
    if is_first_account(file, constant):
        message = (
            f"{file.path}:{constant.lineno} makes the account with which everybody signs in first, whose name is its "
            "password: draw one and print it once, or ask for it; a required variable would stop each installation"
        )
        raise NoFix(message)
    _refuse_published(target, file, constant)
    if is_overridable(file, constant) or taken_over(target.tree, file.path):
        yield _overridable(target, file, constant, variable)
        return
    refuse_at_build(target.tree, file, constant.lineno, variable)
    yield from any_of(*_approaches(target, file, constant, variable))


def _refuse_published(target: Target, file: Module, constant: ast.Constant) -> None:
    """Say so where a variable would have to be set by everybody who installs the package.

    Raises:
        NoFix: it would.
    """
    if is_published(target.tree, file.path):
        message = (
            f"{file.path}:{constant.lineno} goes to everybody who installs this package: a variable of the environment "
            "would have to be set by each of them; let their configuration name it"
        )
        raise NoFix(message)


def _overridable(target: Target, file: Module, constant: ast.Constant, variable: str) -> Candidate:
    """A default that each user's settings replace → the environment's, or nothing: the program loads without either."""
    system = imported(target, file, "os")
    return candidate(
        "environment",
        [file.replace(constant, f'{system.name}.environ.get("{variable}", "")'), *system.edits],
        f"Who sets none in the configuration gets the environment variable {variable}, else an empty one. {ROTATE}",
        declares=(*system.declares, MASKED),
        warnings=(
            f"Set {variable} where the configuration does not say it.",
            "Rotate the old value: the history still has it.",
        ),
    )


def _is_environment(file: Module, target: ast.expr) -> bool:
    return isinstance(target, ast.Subscript) and file.qualified(target.value) == "os.environ"


def _parameter(target: Target, file: Module, constant: ast.Constant, variable: str, *, mounted: bool) -> Candidate:
    """A default value → `None`, and where the caller gives none, the environment's or a mounted file's."""
    function = file.function(constant)
    if function is None:
        message = f"{file.path}:{constant.lineno} is a default outside of a function"
        raise NoFix(message)
    docstring = ast.get_docstring(function, clean=False) is not None and len(function.body) > 1
    first = function.body[1 if docstring else 0]
    name = called(file, constant) or ""
    before = file.slice(file.starts[first.lineno - 1], file.span(first)[0])
    if before.strip() or (ast.get_docstring(function) is not None and not docstring):
        message = f"{file.path}:{function.lineno} has no line of its own for its body"
        raise NoFix(message)
    value, needed = (_file if mounted else _environment)(target, file, variable)
    body = f"if {name} is None:\n{before}{file.indent_unit}{name} = {value}\n{before}"
    variable = f"{variable}_FILE" if mounted else variable
    place = f"what the file that {variable} names holds" if mounted else f"the environment variable {variable}'s"
    return candidate(
        "mounted-file" if mounted else "environment",
        [file.replace(constant, "None"), file.insert(file.span(first)[0], body), *needed.edits],
        f"A caller that gives none gets {place}. {ROTATE}",
        declares=(*needed.declares, f"statement:{function.lineno}", f"insert:{first.lineno}", MASKED),
        warnings=(f"Set {variable} wherever this runs.", "Rotate the old value: the history still has it."),
    )


def _environment(target: Target, file: Module, name: str) -> tuple[str, Import]:
    system = imported(target, file, "os")
    return f'{system.name}.environ["{name}"]', system


def _file(target: Target, file: Module, name: str) -> tuple[str, Import]:
    system, paths = imported(target, file, "os"), imported(target, file, "pathlib")
    text = f'{paths.name}.Path({system.name}.environ["{name}_FILE"]).read_text().strip()'
    return text, together(system, paths)


def _approaches(target: Target, file: Module, constant: ast.Constant, name: str) -> list[Callable[[], Candidate]]:
    def made(approach: str, variable: str, given: tuple[str, Import], how: str) -> Candidate:
        value, needed = given
        edits, declares = _moved(file, constant, name, value)
        return candidate(
            approach,
            [*edits, *needed.edits],
            f"{how} {ROTATE}",
            declares=(*needed.declares, *declares, MASKED),
            warnings=(
                f"Set {variable} wherever this runs.",
                *checks(target.tree, file, variable),
                "Rotate the old value: the history still has it.",
            ),
        )

    def environment() -> Candidate:
        how = f"The value comes from the environment variable {name}; without it the program says so at once."
        return made("environment", name, _environment(target, file, name), how)

    def mounted() -> Candidate:
        how = f"The value is read from the file that {name}_FILE names, as Docker and Kubernetes mount secrets."
        return made("mounted-file", f"{name}_FILE", _file(target, file, name), how)

    return [environment, mounted]


def _moved(file: Module, constant: ast.Constant, name: str, text: str) -> tuple[list[Edit], tuple[str, ...]]:
    """The value in place; for a positional argument, in a variable above, which says what the argument is."""
    if not isinstance(file.parents.get(constant), ast.Call):
        return [file.replace(constant, text)], ()
    statement = file.statement(constant)
    before = file.slice(file.starts[statement.lineno - 1], file.span(statement)[0])
    local = name.lower()
    if before.strip() or local in file.bound_at(statement.lineno):
        return [file.replace(constant, text)], ()
    line = file.insert(file.span(statement)[0], f"{local} = {text}\n{before}")
    return [line, file.replace(constant, local)], (f"insert:{statement.lineno}",)

"""Flask's switches of a developer, written into the program."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import FLAGGED, any_of, candidate
from workers.fixers.python.source.calls import remove_argument
from workers.fixers.python.source.imports import imported
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.python.source.statements import alone, refuse_for_tests
from workers.fixers.registry import Harmless, NoFix, Target, fixer

_FROM = {
    "DEBUG": '.environ.get("FLASK_DEBUG") == "1"',
    "TESTING": '.environ.get("FLASK_TESTING") == "1"',
    "ENV": '.environ.get("FLASK_ENV", "production")',
}
_VARIABLES = {"DEBUG": "FLASK_DEBUG=1", "TESTING": "FLASK_TESTING=1", "ENV": "FLASK_ENV=development"}
_DEFAULT = {
    "DEBUG": "Off is the default, and `flask --debug run` or FLASK_DEBUG=1 turns it on for one developer.",
    "TESTING": "Off is the default; a test sets it on the app that it makes.",
    "ENV": "Production is the default of the releases that know the setting.",
}
_FOR_USERS = (False, "production")
_FOR_DEVELOPERS = (True, "development")


@fixer(
    name="python-flask-settings",
    weakness="a developer's switch in what is deployed",
    cwes=(489,),
    rules={"semgrep": ["avoid_hardcoded_config_DEBUG", "avoid_hardcoded_config_TESTING", "avoid_hardcoded_config_ENV"]},
    explain="""`DEBUG` shows visitors the source around an error and reloads code, `TESTING` hands errors of a request
to the caller instead of answering, `ENV="development"` turns such things on (CWE-489). Written into the program they
are on wherever it runs.

Read from the environment they are on where a developer says so, and off elsewhere. Without the line Flask's default
holds, which is off. A setting that is off already needs no change.""",
    in_tests=False,
)
def propose(target: Target) -> Iterator[Candidate]:
    """`app.config["DEBUG"] = True` → from the environment, or left to the default."""
    file, value = flagged(target, ast.Constant, _is_setting)
    name = _name(file, value)
    if value.value in _FOR_USERS:
        message = f"{file.path}:{value.lineno} sets {name} to what is right for users: it is off wherever this runs"
        raise Harmless(message)
    if name != "TESTING" or not isinstance(file.parents[value], ast.keyword):
        refuse_for_tests(file, value)
    yield from any_of(lambda: _from_environment(target, file, value, name), lambda: _default(file, value, name))


def _from_environment(target: Target, file: Module, value: ast.Constant, name: str) -> Candidate:
    system = imported(target, file, "os")
    return candidate(
        "from-environment",
        [file.replace(value, f"{system.name}{_FROM[name]}"), *system.edits],
        f"Off unless the environment of a developer's machine says {_VARIABLES[name]}.",
        declares=system.declares,
    )


def _default(file: Module, value: ast.Constant, name: str) -> Candidate:
    holder = file.parents[value]
    if isinstance(holder, ast.keyword):
        call = file.parents[holder]
        if not isinstance(call, ast.Call) or len(call.keywords) < 2:
            message = f"{file.path}:{value.lineno} sets nothing else there"
            raise NoFix(message)
        return candidate("default", [remove_argument(file, call, holder)], _DEFAULT[name])
    statement = file.statement(value)
    return candidate(
        "default",
        [alone(file, statement)],
        _DEFAULT[name],
        declares=(f"{FLAGGED}/delete", f"statement:{statement.lineno}/delete"),
    )


def _is_setting(file: Module, constant: ast.Constant) -> bool:
    return constant.value in (*_FOR_USERS, *_FOR_DEVELOPERS) and bool(_name(file, constant))


def _name(file: Module, constant: ast.Constant) -> str:
    """The setting that the value is given to; empty where it is none of these."""
    match file.parents.get(constant):
        case ast.keyword(arg="DEBUG" | "TESTING" | "ENV" as name):
            return str(name)
        case ast.Assign(
            targets=[
                ast.Subscript(
                    value=ast.Attribute(attr="config"), slice=ast.Constant(value="DEBUG" | "TESTING" | "ENV" as name)
                )
            ]
        ):
            return str(name)
    return ""

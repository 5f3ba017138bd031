"""Secrets in ARG and ENV, which stay in the image."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import MASKED
from workers.fixers.docker.build import at_least_one, candidate, final_stage, flagged, lineage
from workers.fixers.docker.secret_mount import as_file, as_variable, kept_in_layer, readers
from workers.fixers.docker.secret_names import (
    harmless_because,
    is_account,
    refuse_built_with,
    refuse_relied_on,
    refuse_started_without,
    reported,
)
from workers.fixers.docker.variables import Variable, names_it, redeclared, scope, variables, without
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.fixers.secrets.names import ROTATE, refuse_placeholder, refuse_test
from workers.source.dockerfile import Dockerfile, Instruction

_AT_START = ("CMD", "ENTRYPOINT", "HEALTHCHECK")
"""What runs in the container: it sees no ARG, and the variables that the container is given."""


@fixer(
    name="docker-secret-variable",
    weakness="secret in a variable of the image",
    rules={"hadolint": ["DL3064"]},
    explain="""What ENV sets is part of the image, and what ARG is given stands in its history: whoever can pull the
image reads both with `docker history` and `docker inspect` (CWE-526, CWE-798).

A secret that only a build step needs is lent to that step: `RUN --mount=type=secret,id=NAME,env=NAME` has it as a
variable while the step runs (Dockerfile syntax 1.10 or later), and `--mount=type=secret,id=NAME` as the file
/run/secrets/NAME with any BuildKit. The build is then called with `--secret id=NAME,env=NAME` instead of
`--build-arg NAME=…`. A secret that the program needs is given when the container starts. Names that only sound like
secrets (a user's name, the path of a file, a switch) and empty values are reported too, and are none.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """The secret is lent to the steps that need it, or given when the container starts."""
    file, one = flagged(target, "ARG", "ENV")
    place = f"{file.path}:{one.line}"
    found = variables(file, one)
    told = [each for each in found if reported(each.name)]
    if not told or (one.keyword == "ARG" and len(found) > 1):
        message = f"{place}: which variable holds a secret is not plain to see"
        raise NoFix(message)
    _refuse_harmless(place, one, told)
    for each in told:
        if each.literal:
            refuse_test(file.path, one.line)
            refuse_placeholder(each.value, place)
    if one.keyword == "ENV":
        literals = [each.name for each in told if each.literal]
        refuse_relied_on(target.tree, file.path, one.line, literals)
        refuse_started_without(target.tree, file.path, one.line, literals)
        refuse_built_with(target.tree, file.path, one.line, [each.name for each in told if not each.literal])
        yield from _environment(file, one, told)
    elif one.stage < 0:
        yield _for_all_stages(file, one, told[0])
    else:
        if any(each.keyword == "ENV" for each in redeclared(file, scope(file, one), told[0].name)):
            refuse_built_with(target.tree, file.path, one.line, [told[0].name])
        yield from _argument(file, one, told[0])


def _refuse_harmless(place: str, one: Instruction, told: Sequence[Variable]) -> None:
    harmless = {each.name: why for each in told if (why := harmless_because(one.keyword, each))}
    said = "; ".join(f"{name} {why}" for name, why in harmless.items())
    if len(harmless) == len(told):
        message = f"{place}: {said}"
        raise Harmless(message)
    if stays := [name for name in harmless if not is_account(name)]:
        message = (
            f"{place}: {', '.join(stays)} has to stay, and is reported with the secret beside it: give the secret "
            f"its own instruction first"
        )
        raise NoFix(message)


def _argument(file: Dockerfile, one: Instruction, secret: Variable) -> Iterator[Candidate]:
    name, around = secret.name, scope(file, one)
    given = list(redeclared(file, around, name))
    handed = [each for each in given if each.keyword == "ENV" and _hands_on(file, each, name)]
    if others := [each for each in given if each not in handed]:
        message = (
            f"{file.path}:{one.line}: line {others[0].line} gives {name} once more, so which one is meant is not sure"
        )
        raise NoFix(message)
    _refuse_needed(file, one, around, name, handed)
    steps = readers(file, around, name, certainly=not handed)
    if not steps and re.search(rf"^[ \t]*#.*\b{re.escape(name)}\b".encode(), file.content, re.MULTILINE):
        message = f"{file.path}:{one.line}: no step reads {name}, and a comment says who may: whether it goes is yours"
        raise NoFix(message)
    edits = [file.delete(one), *(edit for each in handed for edit in _taken_out(file, each, [name], around))]
    changes = ["ARG/delete", *(["ENV/delete", "CMD", "ENTRYPOINT"] if handed else [])]
    emptied = bool(handed) and not variables(file, handed[-1])[0].value
    warnings = _build_warnings(steps, name, becomes="--build-arg")
    warnings += _start_warnings([name]) if handed and not emptied else []
    yield from _lent(file, name, steps, edits, changes, warnings, literal=secret.literal)


def _for_all_stages(file: Dockerfile, one: Instruction, secret: Variable) -> Candidate:
    """An ARG above the first FROM is only for FROM, and the default of those that stages declare."""
    name = secret.name
    user = next(
        (
            each
            for each in file.instructions
            if each is not one and each.keyword in {"FROM", "ARG"} and names_it(each, name)
        ),
        None,
    )
    if user is not None:
        message = f"{file.path}:{one.line}: the {user.keyword} at line {user.line} needs {name}, which takes no secret"
        raise NoFix(message)
    how = "No FROM uses it, and the stages that do declare their own: those can be lent the secret."
    warnings = [f"a stage that declares {name} has no value for it unless the build is given one"]
    return _made("remove", [file.delete(one)], how, ["ARG/delete"], warnings, literal=secret.literal)


def _environment(file: Dockerfile, one: Instruction, told: Sequence[Variable]) -> Iterator[Candidate]:
    names, around = [each.name for each in told], scope(file, one)
    for name in names:
        _refuse_needed(file, one, around, name, [])
    kept = {each.name for each in told if each.handed_on == each.name and _declared_above(file, one, each.name)}
    steps = {
        name: found for name in names if name not in kept and (found := readers(file, around, name, certainly=False))
    }
    if len(steps) > 1:
        message = f"{file.path}:{one.line}: build steps need {' and '.join(steps)}: give each its own instruction first"
        raise NoFix(message)
    edits = _taken_out(file, one, names, around)
    literal = any(each.literal for each in told)
    emptied = any(each.keyword == "ENV" for name in names for each in redeclared(file, around, name))
    runs = not emptied and any(stage.origin.stage == one.stage for stage in lineage(file, final_stage(file)))
    warnings = _start_warnings(names) if runs else []
    changes = ["ENV", "ENV/delete", "CMD", "ENTRYPOINT"]
    for name, found in steps.items():
        warnings += _build_warnings(found, name)
        yield from _lent(file, name, found, edits, changes, warnings, literal=literal)
    if not steps:
        how = "The image no longer holds it: whoever starts the container gives it the variable."
        how = how if runs else "Nothing in the file reads it, and the image that is built does not need it."
        yield _made("given-at-start" if runs else "remove", edits, how, changes, warnings, literal=literal)


def _lent(
    file: Dockerfile,
    name: str,
    steps: Sequence[Instruction],
    edits: Sequence[Edit],
    changes: Sequence[str],
    warnings: Sequence[str],
    *,
    literal: bool,
) -> Iterator[Candidate]:
    """The steps get the secret in one way or the other; where none needs it, it only goes."""
    if not steps:
        how = "No build step reads it, so nothing is lost."
        yield _made("remove", edits, how, changes, warnings, literal=literal)
        return
    lines = ", ".join(str(each.line) for each in steps)
    where = f"Lent to the step{'s' if len(steps) > 1 else ''} at line {lines} alone"
    ways = (
        (
            "secret-variable", as_variable(file, steps, name),
            f"{where}, {name} is a variable while it runs, and neither the image nor its history keeps it.",
            "`env=` of a secret takes version 1.10 or later of the Dockerfile syntax, and BuildKit",
        ),
        (
            "secret-file", as_file(file, steps, name),
            f"{where}, {name} is read from /run/secrets/{name}, which is there only while it runs.",
            "secrets take BuildKit; a build without the secret stops at this step",
        ),
    )  # fmt: skip
    yield from at_least_one(
        (
            _made(approach, [*edits, *more], how, ["RUN", *changes], [*warnings, takes], literal=literal)
            for approach, more, how, takes in ways
            if more is not None
        ),
        f"{file.path}: the syntax that the first line asks for, or how the steps are written, takes no secret",
    )


def _made(
    approach: str, edits: Sequence[Edit], how: str, changes: Sequence[str], warnings: Sequence[str], *, literal: bool
) -> Candidate:
    more = ["Rotate the old value: the history still has it."] if literal else []
    made = candidate(approach, edits, f"{how} {ROTATE}" if literal else how, changes, [*warnings, *more])
    if not literal:
        return made
    return Candidate(
        approach=made.approach, edits=made.edits, explanation=made.explanation, declares=(*made.declares, MASKED),
        warnings=made.warnings,
    )  # fmt: skip


def _refuse_needed(
    file: Dockerfile, one: Instruction, around: Sequence[Instruction], name: str, handed: Sequence[Instruction]
) -> None:
    """Say so where something besides RUN needs the value while the image is built."""
    for each in around:
        if each.keyword not in {"RUN", *_AT_START} and each not in handed and names_it(each, name):
            message = (
                f"{file.path}:{one.line}: the {each.keyword} at line {each.line} needs {name} while the image is "
                f"built, and only RUN can be lent a secret"
            )
            raise NoFix(message)


def _hands_on(file: Dockerfile, one: Instruction, name: str) -> bool:
    """Whether an ENV gives the container an ARG's value under its name, or takes that from it again."""
    return all(each.handed_on == name or not each.value for each in variables(file, one) if each.name == name)


def _declared_above(file: Dockerfile, one: Instruction, name: str) -> bool:
    above = (each for each in file.instructions if each.stage == one.stage and each.start < one.start)
    return any(each.keyword == "ARG" and any(var.name == name for var in variables(file, each)) for each in above)


def _taken_out(file: Dockerfile, one: Instruction, names: Sequence[str], around: Sequence[Instruction]) -> list[Edit]:
    """The variables go; a command that names them stops where the container is not given them."""
    edits = without(file, one, names)
    for each in around:
        text = file.slice(each.body, each.end)
        if each.keyword not in {"CMD", "ENTRYPOINT"} or "'" in text or (each.json and "-c" not in text):
            continue
        for match in re.finditer(r"(?<!\\)\$(?:\{(\w+)\}|(\w+))", text):
            if (name := match[1] or match[2]) in names:
                start = each.body + len(text[: match.start()].encode())
                edits.append(file.edit(start, start + len(match[0]), f"${{{name}:?}}"))
    return edits


def _build_warnings(steps: Sequence[Instruction], name: str, becomes: str = "") -> list[str]:
    if not steps:
        return [f"leave `--build-arg {name}=…` out wherever the image is built"]
    given = f"`--secret id={name},env={name}` wherever the image is built (in Compose, `build.secrets`)"
    found = [f"`{becomes} {name}=…` becomes {given}" if becomes else f"give {given}"]
    if kept := kept_in_layer(steps, name):
        where = ", ".join(map(str, kept))
        found.append(f"line {where} writes {name} to a file, which stays in the layer: remove it in the same step")
    return found


def _start_warnings(names: Sequence[str]) -> list[str]:
    which = " and ".join(names)
    return [
        f"give {which} when the container starts: `docker run --env-file …`, `environment` or `env_file` of Compose, a "
        f"Secret of Kubernetes"
    ]

"""The flagged Dockerfile: its instructions, the stages behind a stage, and what every candidate has in common."""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence

from daemon.domain.fix import Candidate, Edit
from daemon.errors import SourceUnavailable
from workers.fixers.registry import Harmless, NoFix, Target
from workers.source import dockerfile
from workers.source.dockerfile import Dockerfile, DockerfileBroken, Instruction, Stage

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")
_OTHER_LANGUAGE = re.compile(
    r"\.(?:[cm]?[jt]sx?|py|go|rs|rb|java|kt|md|rst|html?|css|json|ya?ml|toml|sh|lua|vim|snap)$"
)
_NOT_DEPLOYED = re.compile(
    r"(?:.*[-_.])?(?:tests?|dev|devel|development|debug|lint|e2e|ci|local)(?:[-_.].*)?", re.IGNORECASE
)
_ROOT = re.compile(r"(?:root|0)(?::(?:root|0))?")


def read(target: Target) -> Dockerfile:
    """The Dockerfile that the finding is about.

    Raises:
        NoFix: there is none, it does not parse, or it is for Windows.
    """
    path = target.finding.path
    if path is None:
        message = "the finding names no file of the repository"
        raise NoFix(message)
    try:
        file = _parsed(path, target.tree.read(path))
    except DockerfileBroken as error:
        if _OTHER_LANGUAGE.search(path):
            message = f"{path} is no Dockerfile: the scanner took it for one by its name"
            raise Harmless(message) from error
        raise NoFix(str(error)) from error
    except SourceUnavailable as error:
        raise NoFix(str(error)) from error
    if not file.stages:
        message = f"{path} has no FROM"
        raise NoFix(message)
    if file.windows:
        message = f"{path} builds a Windows image, whose users and shells follow other rules"
        raise NoFix(message)
    return file


@functools.lru_cache(maxsize=32)
def _parsed(path: str, content: bytes) -> Dockerfile:
    return dockerfile.parse(content, path)


def flagged(target: Target, *keywords: str) -> tuple[Dockerfile, Instruction]:
    """The Dockerfile and the instruction that the finding points to.

    Raises:
        NoFix: there is none of these kinds at its line.
    """
    file = read(target)
    line = target.finding.line
    found = file.at_line(line) if line else None
    if found is None or found.keyword not in keywords:
        message = f"{file.path}:{line or '?'} is no {' or '.join(keywords)} instruction"
        raise NoFix(message)
    return file, found


def stage_of(file: Dockerfile, instruction: Instruction) -> Stage:
    """The stage that an instruction stands in.

    Raises:
        NoFix: it stands before the first FROM.
    """
    if instruction.stage < 0:
        message = f"{file.path}:{instruction.line} stands before the first FROM"
        raise NoFix(message)
    return file.stages[instruction.stage]


def final_stage(file: Dockerfile) -> Stage:
    """What the image is when no target is named."""
    return file.stages[-1]


def deployed_stage(file: Dockerfile) -> Stage:
    """The final stage, where that is what is deployed.

    Raises:
        NoFix: by its name it is for tests or development, and one before it starts something else.
    """
    last = file.stages[-1]
    others = [one for one in file.stages[:-1] if one.all("CMD", "ENTRYPOINT")]
    if last.name and others and _NOT_DEPLOYED.fullmatch(last.name):
        message = f"{file.path} ends with `{last.name}`: which stage is deployed is told when it is built"
        raise NoFix(message)
    return last


def lineage(file: Dockerfile, stage: Stage) -> list[Stage]:
    """The stage, the earlier stage that it starts from, and so on to the one that starts from an image."""
    found = [stage]
    stages = file.stages
    while True:
        image = found[-1].image.lower()
        before = [one for one in stages[: found[-1].origin.stage] if one.name and one.name.lower() == image]
        if not before:
            return found
        found.append(before[-1])


def base_image(file: Dockerfile, stage: Stage) -> str:
    """The image that a stage is built on in the end, build arguments filled in by their defaults."""
    return expand(lineage(file, stage)[-1].image, _global_arguments(file)).strip("'\"")


def _global_arguments(file: Dockerfile) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in file.instructions:
        if one.keyword == "ARG" and one.stage < 0:
            found |= {name: expand(value, found) for name, value in pairs(one).items()}
    return found


def pairs(instruction: Instruction) -> dict[str, str]:
    """`NAME=value` of an ENV, ARG or LABEL, quotes taken off; the old `ENV NAME value` too."""
    text = instruction.text
    old = re.fullmatch(r"(\w+)\s+(.+)", text)
    if instruction.keyword == "ENV" and old and "=" not in old[1]:
        return {old[1]: old[2].strip("'\"")}
    found = re.findall(r"([\w.-]+)=(\"(?:[^\"\\]|\\.)*\"|'[^']*'|(?:[^\s\\]|\\.)*)", text)
    return {name: value[1:-1] if value[:1] in "'\"" and value else value for name, value in found}


def expand(text: str, values: dict[str, str]) -> str:
    """`${NAME}`, `$NAME` and `${NAME:-default}` filled in; what is unknown stays."""

    def fill(match: re.Match[str]) -> str:
        return values.get(match[1] or match[3]) or match[2] or match[0]

    return _VARIABLE.sub(fill, text)


def before(file: Dockerfile, instruction: Instruction, *keywords: str) -> list[Instruction]:
    """The instructions of these kinds that an instruction's image state comes from, the nearest first."""
    found: list[Instruction] = []
    for stage in lineage(file, stage_of(file, instruction)):
        inner = [one for one in stage.instructions if one.keyword in keywords]
        found += [
            one for one in reversed(inner) if stage.origin.stage != instruction.stage or one.start < instruction.start
        ]
    return found


def after(stage: Stage, instruction: Instruction) -> list[Instruction]:
    """The instructions of the stage behind one."""
    return [one for one in stage.instructions if one.start > instruction.start]


def user_at(file: Dockerfile, instruction: Instruction) -> str | None:
    """The user that a RUN at this place runs as; none where only the base image says."""
    users = before(file, instruction, "USER")
    return users[0].text.strip("'\"") if users else None


def is_root(user: str) -> bool:
    """Whether a USER instruction's argument is root."""
    return bool(_ROOT.fullmatch(user.strip("'\"")))


def from_context(step: Instruction) -> bool:
    """Whether a step copies files of the folder that the image is built from, and not of another image."""
    return step.keyword in {"COPY", "ADD"} and not any(flag.startswith("--from") for flag in step.flags)


def absolute(path: str) -> bool:
    """Whether a path of the image is absolute, or starts with a variable that may well be."""
    return path.strip("'\"").startswith(("/", "$"))


def work_directory(file: Dockerfile, instruction: Instruction, default: str | None) -> str | None:
    """The working directory in force at an instruction; `default` where the base image decides."""
    parts: list[str] = []
    for one in before(file, instruction, "WORKDIR"):
        parts.append(one.text.strip("'\""))
        if absolute(parts[-1]):
            return posixpath.normpath(posixpath.join(*reversed(parts)))
    return posixpath.normpath(posixpath.join(default, *reversed(parts))) if default else None


def candidate(
    approach: str, edits: Iterable[Edit], explanation: str, changes: Sequence[str], warnings: Sequence[str] = ()
) -> Candidate:
    """A candidate that may add or change instructions of these keywords (`RUN/delete`: also remove them)."""
    return Candidate(
        approach=approach,
        edits=tuple(sorted(set(edits))),
        explanation=explanation,
        declares=tuple(f"instruction:{keyword}" for keyword in changes),
        warnings=tuple(warnings),
    )


def at_least_one(candidates: Iterable[Candidate | None], reason: str) -> Iterator[Candidate]:
    """The candidates that could be made.

    Raises:
        NoFix: none could, for this reason.
    """
    found = [one for one in candidates if one is not None]
    if not found:
        raise NoFix(reason)
    yield from found


def trivy(*numbers: int) -> list[str]:
    """Trivy's Dockerfile checks under every id that its versions print."""
    return [name for number in numbers for name in (f"DS{number:03}", f"DS-{number:04}", f"AVD-DS-{number:04}")]

"""Where instructions work: relative WORKDIR, relative destinations of COPY."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.docker.bases.images import base_of
from workers.fixers.docker.build import absolute, candidate, flagged, stage_of, trivy, work_directory
from workers.fixers.docker.edits import insert_above
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.dockerfile import Dockerfile, Instruction


def _default(file: Dockerfile, one: Instruction) -> str | None:
    return base_of(file, stage_of(file, one)).directory


@fixer(
    name="docker-relative-workdir",
    weakness="relative working directory",
    rules={
        "hadolint": ["DL3000"],
        "checkov": ["CKV_DOCKER_10"],
        "trivy": trivy(9),
        "semgrep": ["use-absolute-workdir"],
    },
    explain="""A relative WORKDIR adds to the one before it, and in the end to the base image's own. When a line above
changes, or the base image, everything lands somewhere else.""",
)
def relative_workdir(target: Target) -> Iterator[Candidate]:
    """The absolute path that it amounts to today."""
    file, one = flagged(target, "WORKDIR")
    chosen = one.text.strip("'\"")
    if absolute(chosen) or re.match(r"[A-Za-z]:", chosen):
        message = f"{file.path}:{one.line} is absolute already"
        raise NoFix(message)
    resolved = work_directory(file, _behind(file, one), _default(file, one))
    if resolved is None:
        message = f"{file.path}:{one.line} adds to the base image's own directory, which is not known here"
        raise NoFix(message)
    how = f"`{resolved}` is where it led already, said in full: a change above it no longer moves it."
    yield candidate("absolute-path", [file.edit(one.body, one.end, resolved)], how, ["WORKDIR"])
    every = [each for each in stage_of(file, one).all("WORKDIR") if each.start > one.start and not absolute(each.text)]
    others = [(each, work_directory(file, _behind(file, each), _default(file, one))) for each in every]
    if others and all(path for _, path in others):
        edits = [file.edit(each.body, each.end, path or "") for each, path in [(one, resolved), *others]]
        yield candidate("all-absolute", edits, f"{how} So do the ones behind it.", ["WORKDIR"])


def _behind(file: Dockerfile, one: Instruction) -> Instruction:
    """Stands in for an instruction right behind one, so that the one itself counts."""
    del file
    return Instruction(
        keyword="RUN", start=one.end, arguments=one.end, body=one.end, end=one.end, text="", flags=(), line=one.line,
        last_line=one.last_line, stage=one.stage,
    )  # fmt: skip


@fixer(
    name="docker-relative-destination",
    weakness="relative destination without a working directory",
    rules={"hadolint": ["DL3045"]},
    explain="""COPY to a relative destination goes to the working directory, and without WORKDIR to that of the base
image, whatever it is. Say where the files go.""",
)
def relative_destination(target: Target) -> Iterator[Candidate]:
    """The destination in full, or a WORKDIR in front that says what it relies on."""
    file, one = flagged(target, "COPY", "ADD")
    where = work_directory(file, one, _default(file, one))
    if where is None or one.json or one.heredocs:
        message = f"{file.path}:{one.line} copies to the base image's own directory, which is not known here"
        raise NoFix(message)
    old = one.text.split()[-1]
    at = file.content.rfind(old.encode(), one.body, one.end)
    joined = posixpath.join(where, re.sub(r"^(?:\./)+|^\.$", "", old))
    directory = "/" if old.endswith(("/", ".")) and not joined.endswith("/") else ""
    how = f"The files go where they went, `{where}` being the base image's working directory."
    yield candidate("absolute-destination", [file.edit(at, one.end, joined + directory)], how, [one.keyword])
    first = next(each for each in stage_of(file, one).instructions if each.keyword in {"COPY", "ADD", "RUN"})
    how = f"`{where}` is the working directory already; now the file says so, and every relative path relies on it."
    yield candidate("workdir-in-front", [insert_above(file, first, f"WORKDIR {where}")], how, ["WORKDIR"])

"""A workflow or composite action as jobs and steps, read from its document; hostile shapes become empty ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from workers.verify.structure.documents import Malformed, read_yaml

EXPRESSION = re.compile(r"\$\{\{(?P<inside>.*?)\}\}", re.DOTALL)


class Step(msgspec.Struct, frozen=True):
    """One step."""

    uses: str | None
    """`owner/name/path@ref`, as written."""
    run: str | None
    shell: str
    env: Mapping[str, str]
    """The step's own."""
    inputs: Mapping[str, str]
    """`with`."""
    around: Mapping[str, str]
    """Environment of the job and the workflow."""
    id: str = ""
    condition: str = ""
    """Its `if`."""
    folder: str = ""
    """The folder that its script starts in, below the workspace."""

    @property
    def action(self) -> str | None:
        """The action without its ref, in lower case."""
        return self.uses.partition("@")[0].lower() if self.uses else None

    @property
    def everything(self) -> dict[str, str]:
        """The environment that its script sees."""
        return {**self.around, **self.env}


class Job(msgspec.Struct, frozen=True):
    """One job."""

    name: str
    steps: tuple[Step, ...]
    permissions: Any
    """The document's own value; none where it says nothing."""
    uses: str | None
    """The reusable workflow that it calls."""
    condition: str = ""
    """Its `if`."""
    secrets: Any = None
    """What the reusable workflow gets: the document's own value."""


class Workflow(msgspec.Struct, frozen=True):
    """One file."""

    jobs: tuple[Job, ...]
    permissions: Any


def workflow(content: bytes) -> Workflow | None:
    """The file's jobs; a composite action's steps count as one job; none where it is neither."""
    try:
        document = read_yaml(content)
    except Malformed:
        return None
    if not isinstance(document, dict):
        return None
    env = _strings(document.get("env"))
    jobs = [_job(name, value, env, _default(document)) for name, value in _mapping(document.get("jobs")).items()]
    if "runs" in document:
        steps = _steps(_mapping(document["runs"]).get("steps"), {}, ("bash", ""))
        jobs.append(Job(name="runs", steps=steps, permissions=None, uses=None))
    return Workflow(tuple(jobs), document.get("permissions"))


def _job(name: str, value: Any, env: Mapping[str, str], default: tuple[str, str]) -> Job:
    job = _mapping(value)
    shell, folder = (own or other for own, other in zip(_default(job), default, strict=True))
    shell = shell or ("pwsh" if "windows" in (text(job.get("runs-on")) or "") else "bash")
    around = {**env, **_strings(job.get("env"))}
    return Job(
        name=name,
        steps=_steps(job.get("steps"), around, (shell, folder)),
        permissions=job.get("permissions"),
        uses=text(job.get("uses")),
        condition=text(job.get("if")) or "",
        secrets=job.get("secrets"),
    )


def _steps(value: Any, around: Mapping[str, str], default: tuple[str, str]) -> tuple[Step, ...]:
    return tuple(_step(_mapping(item), around, default) for item in (value if isinstance(value, list) else []))


def _step(step: Mapping[str, Any], around: Mapping[str, str], default: tuple[str, str]) -> Step:
    return Step(
        uses=text(step.get("uses")),
        run=text(step.get("run")),
        shell=text(step.get("shell")) or default[0],
        env=_strings(step.get("env")),
        inputs=_strings(step.get("with")),
        around=around,
        id=text(step.get("id")) or "",
        condition=text(step.get("if")) or "",
        folder=text(step.get("working-directory")) or default[1],
    )


def text(value: Any) -> str | None:
    """A leaf's text."""
    return str(value[1]) if isinstance(value, tuple) else None


def leaves(value: Any) -> Iterator[str]:
    """The text of every leaf below a document's value."""
    if isinstance(value, tuple):
        yield str(value[1])
        return
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from leaves(item)


def _default(holder: Mapping[str, Any]) -> tuple[str, str]:
    """The shell and the folder of scripts that say neither."""
    run = _mapping(_mapping(holder.get("defaults")).get("run"))
    return text(run.get("shell")) or "", text(run.get("working-directory")) or ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _strings(value: Any) -> dict[str, str]:
    return {key: found for key, item in _mapping(value).items() if (found := text(item)) is not None}


def step_pairs(before: Workflow, after: Workflow) -> Iterator[tuple[str, int, Step, Step]]:
    """Job, position and step of each step that has a successor at the same place."""
    jobs = {job.name: job for job in after.jobs}
    for job in before.jobs:
        if job.name in jobs and len(job.steps) == len(jobs[job.name].steps):
            for index, (old, new) in enumerate(zip(job.steps, jobs[job.name].steps, strict=True)):
                yield job.name, index, old, new

"""What workflow fixers share: a workflow's jobs and steps as nodes, found from where a finding points."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from daemon.domain.fix import Candidate, Edit
from daemon.errors import SourceUnavailable
from workers.fixers.registry import NoFix, Target
from workers.fixers.workflows.script import runners
from workers.source import yamldoc
from workers.source.tree import SourceTree
from workers.source.yamldoc import Node, Path, YamlDoc, dotted

EXPRESSION = re.compile(r"\$\{\{(?P<inner>(?:'(?:[^']|'')*'|[^'}]|\}(?!\}))*)\}\}")
"""`${{ … }}`, with the strings in it that may hold braces."""


@dataclass(frozen=True)
class Job:
    """One job of a workflow; `name` is its id."""

    name: str
    node: Node

    @property
    def path(self) -> Path:
        """Where it stands."""
        return ("jobs", self.name)

    @property
    def uses(self) -> str:
        """The reusable workflow it calls; empty where it runs steps."""
        return self.node.text("uses")


@dataclass(frozen=True)
class Step:
    """One step, of a job or of a composite action."""

    job: Job | None
    index: int
    node: Node
    path: Path
    around: str = ""
    """The folder that scripts of the workflow start in."""

    @property
    def folder(self) -> str:
        """The folder that its script starts in, below the workspace."""
        job = self.job.node.text("defaults", "run", "working-directory") if self.job is not None else ""
        return self.node.text("working-directory") or job or self.around

    @property
    def uses(self) -> str:
        """The action it uses; empty where it runs a script."""
        return self.node.text("uses")

    @property
    def action(self) -> str:
        """The action without its ref, in lower case: `actions/checkout`."""
        return self.uses.partition("@")[0].lower()

    @property
    def run(self) -> str:
        """Its script; empty where it uses an action."""
        return self.node.text("run")

    def input(self, name: str) -> str:
        """The value given to an input; GitHub ignores case in the name."""
        given = self.node.child("with")
        pairs = given.entries if given is not None else []
        return next((value.value for key, value in pairs if key.value.lower() == name.lower()), "")


class Workflow:
    """A workflow or a composite action."""

    def __init__(self, doc: YamlDoc, tree: SourceTree | None = None) -> None:
        self.doc = doc
        self.tree = tree
        """What it lies in, where somebody has to look for its callers."""

    @property
    def root(self) -> Node:
        """The document."""
        return self.doc.root

    @property
    def jobs(self) -> list[Job]:
        """Its jobs, in order; none in an action."""
        node = self.root.get("jobs")
        return [Job(key.value, value) for key, value in node.entries if value.kind == "mapping"] if node else []

    @property
    def steps(self) -> list[Step]:
        """The steps of all jobs, or of the composite action."""
        found = [step for job in self.jobs for step in self.steps_of(job)]
        return found or [*_steps(None, self.root.get("runs", "steps"), ("runs", "steps"), "")]

    def steps_of(self, job: Job) -> list[Step]:
        """The steps of a job; those written as an alias stand where their anchor does."""
        around = self.root.text("defaults", "run", "working-directory")
        return [*_steps(job, job.node.child("steps"), (*job.path, "steps"), around)]

    def everywhere(self, path: Path) -> list[Path]:
        """A path, and those at which aliases repeat what stands there: an edit changes them all."""
        found = [path]
        for length in range(1, len(path) + 1):
            node = self.root.get(*path[:length])
            if node is not None and node.anchor is not None:
                found += [(*place, *path[length:]) for place, other in self.root.walk()
                          if other.kind == "alias" and other.value == node.anchor]  # fmt: skip
        return found

    @property
    def triggers(self) -> list[str]:
        """The events it runs on."""
        node = self.root.child("on")
        if node is None:
            return []
        return [node.value] if node.kind == "scalar" else node.keys() or [item.value for item in node.items]

    def shell(self, step: Step) -> str:
        """The shell that reads a step's script: its own, the job's or the workflow's default, or the runner's."""
        places = [step.node.text("shell")]
        if step.job is not None:
            places += [step.job.node.text("defaults", "run", "shell"), self.root.text("defaults", "run", "shell")]
            places.append(runners.shell(self.doc, step.job.node, step.run, self.tree))
        return next((place for place in places if place), "bash").split()[0].lower()

    def hosted(self, job: Job) -> bool:
        """Whether a job runs on GitHub's own runners, as their labels say."""
        return runners.hosted(self.doc, job.node)


def read(target: Target) -> Workflow:
    """The flagged workflow.

    Raises:
        NoFix: the finding names no file, there is none, or it is not YAML.
    """
    return Workflow(read_yaml(target), target.tree)


def read_yaml(target: Target) -> YamlDoc:
    """The flagged YAML file.

    Raises:
        NoFix: the finding names no file, there is none, or it is not YAML.
    """
    path = target.finding.path
    if path is None:
        message = "the finding names no file of the repository"
        raise NoFix(message)
    try:
        doc = yamldoc.parse(target.tree.read(path), path)
    except (SourceUnavailable, yamldoc.YamlBroken) as error:
        raise NoFix(str(error)) from error
    if doc.root.kind != "mapping":
        message = f"{path} is not a mapping of keys"
        raise NoFix(message)
    return doc


def place(target: Target, doc: YamlDoc) -> int:
    """The byte that the finding points to.

    Raises:
        NoFix: it points to no line.
    """
    region = target.finding.location.region
    if region is None:
        message = "the report gives no line for this finding"
        raise NoFix(message)
    start = doc.offset(region.start_line)
    return max(start, doc.offset(region.start_line, region.start_column)) if region.start_column else start


def lines(target: Target) -> tuple[int, int]:
    """The first and the last line that the finding points to; zeros where it points to none."""
    region = target.finding.location.region
    return (region.start_line, region.last_line) if region else (0, 0)


def flagged_step(target: Target, workflow: Workflow) -> Step:
    """The step that the finding points into.

    Raises:
        NoFix: it points to no step.
    """
    at = place(target, workflow.doc)
    first, last = lines(target)
    inside = [step for step in workflow.steps if _starts(workflow.doc, step.node) <= at <= step.node.end]
    within = [step for step in workflow.steps if first <= workflow.doc.line_of(step.node.start) <= last]
    if not inside and not within:
        message = "the finding points to no step of this file"
        raise NoFix(message)
    return min(inside, key=lambda step: step.node.end - step.node.start) if inside else within[0]


def flagged_job(target: Target, workflow: Workflow) -> Job | None:
    """The job that the finding points into; none where it is about the workflow."""
    at = place(target, workflow.doc)
    for job in workflow.jobs:
        key = workflow.root.get("jobs")
        name = key.key(job.name) if key else None
        if name is not None and name.start <= at <= job.node.end:
            return job
    return None


def candidate(
    approach: str,
    edits: Iterable[Edit],
    explanation: str,
    *,
    declares: Iterable[str | Path] = (),
    warnings: Iterable[str] = (),
) -> Candidate:
    """A candidate that declares paths of the document."""
    declared = [one if isinstance(one, str) else dotted(one) for one in declares]
    return Candidate(
        approach=approach,
        edits=tuple(sorted(set(edits))),
        explanation=explanation,
        declares=tuple(dict.fromkeys(declared)),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _steps(job: Job | None, node: Node | None, path: Path, around: str) -> Iterator[Step]:
    for index, item in enumerate(node.items if node is not None else []):
        if item.kind == "mapping":
            yield Step(job, index, item, (*path, index), around)


def _starts(doc: YamlDoc, node: Node) -> int:
    """From the dash of an item on: reports may point to it."""
    return doc.line_start(node.start)

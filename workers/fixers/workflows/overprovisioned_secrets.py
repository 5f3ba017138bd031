"""Expressions that hand over every secret there is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import model
from workers.fixers.workflows.model import Job, Workflow
from workers.source import yamledit
from workers.source.yamldoc import dotted

_INDEX = re.compile(r"secrets\[\s*matrix\.(?P<key>[\w-]+)\s*\]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST = 12


@fixer(
    name="overprovisioned-secrets",
    weakness="A job gets every secret, to use one",
    rules={"zizmor": ["overprovisioned-secrets"], "codeql": ["actions/excessive-secrets-exposure"]},
    explain=(
        "Where an expression names the `secrets` context as a whole, or by a value that only the run knows, GitHub has "
        "to hand all secrets to the runner. Named one by one, it hands over those. Approaches: the names that a "
        "matrix lists, each for its own value."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """`secrets[matrix.name]` → the secrets that the matrix names."""
    workflow = model.read(target)
    line, last = model.lines(target)
    for path, node in workflow.root.walk():
        if node.kind != "scalar" or node.style in ("'", '"') or not line <= workflow.doc.line_of(node.start) <= last:
            continue
        source = workflow.doc.source(node)
        match = _INDEX.search(source)
        job = next((one for one in workflow.jobs if path[:2] == one.path), None)
        if match is None or job is None:
            continue
        names = _names(workflow, job, match["key"])
        written = " || ".join(f"matrix.{match['key']} == '{name}' && secrets.{name}" for name in names)
        at = node.start + len(source[: match.start()].encode())
        edit = yamledit.edit(workflow.doc, at, at + len(match[0].encode()), f"({written} || '')")
        why = f"Each run gets the secret that its matrix names, of the {len(names)} that it lists."
        yield model.candidate("named-secrets", [edit], why, declares=[dotted(path)])
        return
    message = "which of the secrets the job uses is not in the file: name each where it is used"
    raise NoFix(message)


def _names(workflow: Workflow, job: Job, key: str) -> list[str]:
    """The values of a matrix key that are written in the file.

    Raises:
        NoFix: they are made at run time, or are no names of secrets.
    """
    matrix = job.node.get("strategy", "matrix")
    listed = matrix.child(key) if matrix is not None else None
    values = [item.value for item in listed.items] if listed is not None else []
    include = matrix.child("include") if matrix is not None else None
    values += [item.text(key) for item in include.items if item.text(key)] if include is not None else []
    names = list(dict.fromkeys(values))
    if not names or len(names) > _MOST or not all(_NAME.fullmatch(name) for name in names):
        message = f"the secrets that matrix.{key} names are not written in {workflow.doc.path}"
        raise NoFix(message)
    return names

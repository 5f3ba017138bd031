"""Jobs that prepare commits, of which nothing that can be read here pushes any."""

from __future__ import annotations

import re

from workers.fixers.workflows import credentials
from workers.fixers.workflows.model import Job, Step, Workflow
from workers.fixers.workflows.token import known_actions, scopes, tokens
from workers.source.ran import ran
from workers.source.tree import SourceTree

_AUTHOR = re.compile(
    r"\bgit\s+(?:-C\s+\S+\s+)?config\b[^\n]*\buser\.(?:name|email)[ \t]+\S|\bGIT_(?:AUTHOR|COMMITTER)_(?:NAME|EMAIL)\b"
)
_NAMES = frozenset(f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL"))


def prepares(workflow: Workflow, checkout: Step, tree: SourceTree) -> bool:
    """Whether a job that could push sets git's author, for whom no step of it is seen to push."""
    job = checkout.job
    if job is None or not _could_push(workflow, job, checkout):
        return False
    steps = workflow.steps_of(job)
    texts = [
        text for step in steps for text in (step.run, *(one.text or "" for one in ran(step.run, step.folder, tree)))
    ]
    named = any(_AUTHOR.search(text) for text in texts) or any(not _NAMES.isdisjoint(_env(step)) for step in steps)
    seen = any(credentials.USES_GIT.search(text) or credentials.OWN.search(text) for text in texts)
    return named and not seen and not any(_writes(step) for step in steps)


def _could_push(workflow: Workflow, job: Job, checkout: Step) -> bool:
    block = job.node.child("permissions") or workflow.root.child("permissions")
    granted = scopes.granted(block) or {}
    own = tokens.brings_own(checkout, {}, frozenset()) or bool(checkout.input("ssh-key"))
    return own or granted.get("contents") == "write"


def _env(step: Step) -> list[str]:
    env = step.node.child("env")
    return env.keys() if env is not None else []


def _writes(step: Step) -> bool:
    """Whether an action is known to write to the repository by itself."""
    return step.action != credentials.CHECKOUT and "contents:write" in (known_actions.needs(step.action) or "").split()

"""Which token a step works with: the one that its job gets from GitHub, or one of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping

from workers.fixers.workflows.model import Step
from workers.source.yamldoc import Node

JOBS = re.compile(r"\bsecrets\.GITHUB_TOKEN\b|\bgithub\.token\b", re.IGNORECASE)
_INPUT = re.compile(r"\binputs\.(?P<name>[\w-]+)")
OWN = re.compile(r"\bsecrets\.(?!GITHUB_TOKEN\b)\w+|\bsteps\.[\w-]+\.outputs\.[\w-]*token\b", re.IGNORECASE)
NAMED = re.compile(r"(?:^|[-_])(?:token|pat|auth|access[-_]token)$|^(?:token|github_token)", re.IGNORECASE)

GITHUBS = re.compile(r"(?:(?:github|gh|repo)[-_]?)?token", re.IGNORECASE)
"""Inputs and variables for a token of GitHub, not of a cloud or a registry."""


def environment(node: Node) -> dict[str, str]:
    """The `env` of a workflow, a job or a step."""
    env = node.child("env")
    return {key.value: value.value for key, value in env.entries} if env is not None else {}


def inputs(step: Step) -> dict[str, str]:
    """What a step gives to its action, by names in lower case: GitHub ignores case in them."""
    given = step.node.child("with")
    return {key.value.lower(): value.value for key, value in given.entries} if given is not None else {}


def _tokens(step: Step, env: Mapping[str, str]) -> list[str]:
    """The values that are tokens: inputs named so, and the variables that tools read."""
    given = [value for name, value in inputs(step).items() if NAMED.search(name)]
    return given + [value for name, value in env.items() if name.upper() in ("GITHUB_TOKEN", "GH_TOKEN", "TOKEN")]


def is_jobs(value: str, handed: frozenset[str]) -> bool:
    """Whether a value is, or holds, the job's own token.

    `handed` are the inputs of a composite action that do, in lower case.
    """
    given = (match["name"].lower() for match in _INPUT.finditer(value))
    return bool(JOBS.search(value)) or any(name in handed for name in given)


def brings_own(step: Step, env: Mapping[str, str], handed: frozenset[str]) -> bool:
    """Whether each token that the step works with is another than the job's."""
    given = _tokens(step, env)
    return bool(given) and all(OWN.search(value) and not is_jobs(value, handed) for value in given)


def has(step: Step, env: Mapping[str, str], handed: frozenset[str]) -> bool:
    """Whether the step gets the job's token, by whatever name."""
    values = [*inputs(step).values(), *env.values(), step.run]
    return any(is_jobs(value, handed) for value in values)

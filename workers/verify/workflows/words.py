"""Expressions as harmless words: what a step's variables hold when each expression is one word of its own."""

from __future__ import annotations

import hashlib
import re
import types
from collections.abc import Iterable, Mapping

from workers.verify.workflows import conditions
from workers.verify.workflows.model import EXPRESSION, Step

ENVIRONMENT = re.compile(r"env\.([A-Za-z_]\w*)")
_DEFAULTS = tuple(
    re.findall(
        r"\w+",
        "action actor actor_id api_url base_ref event_name event_path graphql_url head_ref job ref ref_name "
        "ref_protected ref_type repository repository_id repository_owner repository_owner_id retention_days "
        "run_attempt run_id run_number server_url sha triggering_actor workflow workflow_ref workflow_sha workspace",
    )
)
"""What the runner itself sets as GITHUB_…, with the value of `github.…`."""


def shell_of(step: Step) -> str:
    """The name of the shell that runs the step's script; `bash` where nothing says another."""
    return step.shell.split()[0].rpartition("/")[2] if step.shell.strip() else "bash"


def word(expression: str) -> str:
    """The harmless word that stands for an expression; the same for the same expression."""
    return f"w{hashlib.sha256(''.join(expression.split()).encode()).hexdigest()[:10]}"


def values_of(step: Step, named: Iterable[str]) -> dict[str, str]:
    """Variables that an expression decides → their value, in words.

    `named` are variables that an expression `env.NAME` reads: they hold the same for the shell.
    """
    known = {name: worded(value) for name, value in step.everything.items()}
    given = {name: worded(value, known) for name, value in step.everything.items() if EXPRESSION.search(value)}
    runner = {"RUNNER_NAME": word("runner.name")}
    default = {f"GITHUB_{name.upper()}": word(f"github.{name}") for name in _DEFAULTS}
    read = {name: known.get(name, word(f"env.{name}")) for name in named}
    return given | runner | default | read


def worded(text: str, values: Mapping[str, str] = types.MappingProxyType({})) -> str:
    """The text with each expression as its word, or as what it is in every run; `env.NAME` as its value of `values`."""

    def written(match: re.Match[str]) -> str:
        inside = match["inside"].strip()
        if inside.startswith("env."):
            return values.get(inside.removeprefix("env."), word(inside))
        same = conditions.constant(inside)
        return word(inside) if same is None else same

    return EXPRESSION.sub(written, text)


def environment_names(script: str) -> list[str]:
    """The variables that the script's expressions read as `env.NAME`."""
    found = (ENVIRONMENT.fullmatch(match["inside"].strip()) for match in EXPRESSION.finditer(script))
    return [match[1] for match in found if match]

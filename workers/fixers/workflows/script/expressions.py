"""Expressions: which can carry foreign text, what a variable for one is called, and what the runner already sets."""

from __future__ import annotations

import re
from collections.abc import Mapping

from workers.fixers.workflows.model import EXPRESSION

_REFERENCE = re.compile(r"(?<![\w.'\"-])(github|inputs|steps|needs|env|matrix|vars|secrets|job|jobs|runner|strategy)\b")
_STRINGS = re.compile(r"'(?:[^']|'')*'")
_FIXED = re.compile(
    r"""github\.(?:action_path|action_status|event_name|event_path|job|path|repository_id|repository_owner_id
        |retention_days|run_attempt|run_id|run_number|secret_source|server_url|api_url|graphql_url|sha|token|workflow_sha
        |workspace)
      | runner\.(?:arch|debug|environment|os|temp|tool_cache)
      | secrets\.[\w-]+ | job\.status | strategy\.(?:job-index|job-total|max-parallel|fail-fast)
      | (?:steps|needs)\.[\w-]+\.(?:outcome|conclusion|result)""",
    re.VERBOSE,
)
_RUNNER_NAMES = ("action", "actor", "api_url",
    "base_ref", "event_name", "head_ref", "job", "ref", "ref_name", "ref_type",
    "repository", "repository_owner", "run_id", "run_number", "server_url", "sha", "triggering_actor", "workflow",
    "workflow_ref", "workspace")  # fmt: skip
_RUNNER_SETS = {f"github.{name}": f"GITHUB_{name.upper()}" for name in _RUNNER_NAMES} | {"runner.name": "RUNNER_NAME"}
JOB_CONTEXTS = frozenset(("github", "needs", "strategy", "matrix", "vars", "inputs"))
"""What `jobs.JOB.env` may refer to; secrets as well, which would be handed to every step there."""
_NAMED_THERE = re.compile(r"(?:vars|secrets)\[\s*(?:format\(\s*)?'(?P<name>[A-Za-z]\w*?)_?(?:\{|')")
_ONE_WORD = re.compile(
    r"github\.(?:repository(?:_owner)?|ref(?:_name|_type)?|head_ref|base_ref|(?:triggering_)?actor|workspace"
    r"|event\.(?:number|before|after|repository\.(?:name|full_name|default_branch)|(?:issue|pull_request)\.number"
    r"|pull_request\.(?:head|base)\.(?:sha|ref)))"
)
_RESERVED = frozenset(("PATH", "HOME", "CI", "PWD", "SHELL", "USER", "LANG", "IFS", "TMPDIR", "HOSTNAME", "EDITOR"))
_LONGEST_NAME = 48


def inner(expression: str) -> str:
    """What stands between `${{` and `}}`."""
    match = EXPRESSION.fullmatch(expression)
    return (match["inner"] if match else expression).strip()


def contexts(expression: str) -> set[str]:
    """The contexts it refers to."""
    return set(_REFERENCE.findall(_STRINGS.sub("''", inner(expression))))


def foreign(expression: str) -> bool:
    """Whether its value can hold text that somebody else chose: anything but what the runner itself makes up."""
    text = _STRINGS.sub("''", inner(expression))
    return bool(_REFERENCE.search(_FIXED.sub("", text)))


def switch(expression: str) -> bool:
    """Whether it is one text or nothing: `x && '--flag' || ''`."""
    return bool(re.search(r"&&.*\|\|", inner(expression)))


def one_word(expression: str) -> bool:
    """Whether its value never holds a blank: names of refs, repositories and people, hashes, numbers."""
    return _ONE_WORD.fullmatch(inner(expression)) is not None


def already_set(expression: str) -> str | None:
    """The environment variable that holds its value without being asked to."""
    text = inner(expression)
    if match := re.fullmatch(r"env\.([A-Za-z_]\w*)", text):
        return match[1]
    return _RUNNER_SETS.get(text)


def variable(expression: str, taken: Mapping[str, str], script: str) -> str:
    """A name for the variable that carries it: one that has this very value already, else a free one."""
    for name, value in taken.items():
        if EXPRESSION.fullmatch(value.strip()) and inner(value.strip()) == inner(expression):
            return name
    base = _base_name(inner(expression))
    name, number = base, 2
    while name in taken or name in _RESERVED or re.search(rf"(?<!\w){name}\b", EXPRESSION.sub("", script)):
        name, number = f"{base}_{number}", number + 1
    return name


def _base_name(text: str) -> str:
    if (named := _NAMED_THERE.match(text)) is not None:
        return named["name"].upper()
    plain = _STRINGS.sub(lambda match: "" if "/" in match[0] else f" {match[0][1:-1]} ", text)
    match = re.search(r"[A-Za-z_][\w-]*(?:\.[\w*-]+)+", plain)
    path = (match[0] if match else plain).lower()
    path = re.sub(r"^github\.(?:event\.)?", "", path)
    path = re.sub(r"^(steps|needs)\.([\w-]+)\.outputs\.", r"\2_", path)
    name = re.sub(r"[^A-Za-z0-9]+", "_", path).strip("_").upper()[:_LONGEST_NAME].strip("_") or "VALUE"
    return f"VALUE_{name}" if name[0].isdigit() or name.startswith(("GITHUB_", "RUNNER_", "ACTIONS_")) else name

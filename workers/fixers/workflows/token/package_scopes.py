"""What a job needs of GitHub's registries of packages, for npm, Maven, Gradle, NuGet and RubyGems."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.fixers.workflows.model import Job, Step, Workflow
from workers.fixers.workflows.token import tokens
from workers.source.ran import ran
from workers.source.remembered import remembered
from workers.source.tree import SourceTree, text_of

_REGISTRY = re.compile(r"(?:npm|maven|nuget|rubygems)[._]+pkg[._]+github[._]+com\b", re.IGNORECASE)
"""Also as Bundler writes it in a variable's name."""
_SETTINGS = re.compile(
    r"(?:^|/)(?:\.npmrc|\.yarnrc(?:\.yml)?|bunfig\.toml|pom\.xml|settings\.xml|gradle\.properties|gemfile|nuget\.config)$"
    r"|\.gradle(?:\.kts)?$|\.sbt$",
    re.IGNORECASE,
)
"""The files that tell a package manager where packages are."""
_MANAGERS = re.compile(
    r"\b(?:npm|npx|yarn|pnpm|bunx?|mvnw?|gradlew?|ant|sbt|dotnet|nuget|bundle|gem|rake|docker|make|just|task)\b"
)
_PUBLISHES = re.compile(
    r"\b(?:npm|pnpm|yarn|bun)\s+(?:npm\s+)?publish\b|\bmvnw?\b[^\n]*\bdeploy\b|\b(?:gradlew?|sbt)\b[^\n]*\bpublish"
    r"|\bnuget\s+push\b|\bgem\s+push\b"
)


def of_job(
    workflow: Workflow, job: Job, steps: list[tuple[Workflow, Step, frozenset[str]]], tree: SourceTree
) -> Iterator[str]:
    """`scope:level` words of a job, whose steps are unfolded with what each was handed."""
    around = tokens.environment(workflow.root) | tokens.environment(job.node)
    given = [step for _, step, handed in steps if _hands(step, around, handed) and _manages(step, tree)]
    if not given:
        return
    if any(_PUBLISHES.search(step.run) and not _brings_another(step, around) for step in given):
        # Whatever its settings call the registry: no other takes this token.
        yield "packages:write"
        return
    texts = [str(around), *(within.doc.source(step.node) for within, step, _ in steps)]
    if any(_REGISTRY.search(text) for text in texts) or _in_settings(tree):
        publishes = any(_PUBLISHES.search(step.run) for step in given)
        yield "packages:write" if publishes else "packages:read"


def _hands(step: Step, around: dict[str, str], handed: frozenset[str]) -> bool:
    """Whether a step hands the job's token to a program, not to an action for GitHub's own API."""
    pairs = [*(around | tokens.environment(step.node)).items(), *tokens.inputs(step).items()]
    values = [value for name, value in pairs if step.run or not tokens.GITHUBS.fullmatch(name)]
    return any(tokens.is_jobs(value, handed) for value in (*values, step.run))


def _brings_another(step: Step, around: dict[str, str]) -> bool:
    """Whether a step has a secret beside the job's token, which may be the one for its registry."""
    return any(tokens.OWN.search(value) for value in (*(around | tokens.environment(step.node)).values(), step.run))


def _manages(step: Step, tree: SourceTree) -> bool:
    """Whether a step may run a package manager, which an action may do by itself."""
    texts = (step.run, *(each.text or "" for each in ran(step.run, step.folder, tree)))
    return not step.run or any(_MANAGERS.search(text) for text in texts)


@remembered
def _in_settings(tree: SourceTree) -> bool:
    found = (path for path in tree.paths() if _SETTINGS.search(path))
    return any(_REGISTRY.search(text_of(tree, path)) for path in found)

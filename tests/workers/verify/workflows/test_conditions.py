"""Two conditions that decide alike, and two that do not; what is not understood is never said to differ."""

from __future__ import annotations

import pytest

from workers.verify.workflows import triggers
from workers.verify.workflows.conditions import differ

BOT = "github.actor == 'dependabot[bot]'"
BY_AUTHOR = "github.event.pull_request.user.login == 'dependabot[bot]'"
LISTED = "contains('refs/heads/main refs/heads/dev', github.ref)"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (BOT, BY_AUTHOR),
        (BOT, f"${{{{ {BY_AUTHOR} }}}}"),
        (BOT, f"{BY_AUTHOR} && github.event.pull_request.head.repo.full_name == github.repository"),
        (LISTED, 'contains(fromJSON(\'["refs/heads/main", "refs/heads/dev"]\'), github.ref)'),
        (LISTED, "github.ref == 'refs/heads/main' || github.ref == 'refs/heads/dev'"),
        ("github.event_name == 'pull_request_target'", "github.event_name == 'pull_request'"),
        (BOT, "hashFiles('a') != ''"),
        ("always() && (", BOT),
    ],
)
def test_conditions_that_decide_alike_or_are_not_understood(before, after):
    assert differ(before, after) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (BOT, "true"),
        (BOT, BY_AUTHOR.replace("==", "!=")),
        (BOT, f"{BY_AUTHOR} || github.event_name == 'push'"),
        (BOT, BY_AUTHOR.replace("dependabot", "renovate")),
        (LISTED, "github.ref == 'refs/heads/main'"),
        (LISTED, "startsWith(github.ref, 'refs/heads/')"),
        (LISTED, "contains(fromJSON('[\"refs/heads/main refs/heads/dev\"]'), github.ref)"),
    ],
)
def test_conditions_that_decide_otherwise(before, after):
    assert differ(before, after) is not None


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        ("on: pull_request_target", "on: pull_request", False),
        ("on: [push, pull_request_target]", "on: [push, pull_request]", False),
        ("on: {pull_request_target: {branches: [a]}}", "on: {pull_request: {branches: [a]}}", False),
        ("on: {pull_request_target: {branches: [a]}}", "on: {pull_request: {branches: [b]}}", True),
        ("on: pull_request_target", "on: workflow_dispatch", True),
        ("on: [push, pull_request_target]", "on: pull_request", True),
        ("jobs: {}", "jobs: {}", False),
    ],
)
def test_a_workflow_still_runs_on_what_it_ran_on(before, after, lost):
    assert bool(list(triggers.lost(before.encode(), after.encode()))) == lost

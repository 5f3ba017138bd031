"""Semgrep's rules of Terraform are answered by the fixers of Checkov's."""

import pytest

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import FIXERS, Target
from workers.fixers.terraform.semgrep import SAME
from workers.source.tree import MemoryTree

VOLUME = b'resource "aws_ebs_volume" "data" {\n  size = 10\n}\n'


def proposed(rule, source):
    place = Location(path="main.tf", region=Region(start_line=1))
    finding = Finding(tool="semgrep", rule=rule, message="", severity=Severity.HIGH, locations=(place,))
    return propose(Target(finding=finding, tree=MemoryTree({"main.tf": source})))


@pytest.mark.parametrize("rule", sorted(SAME))
def test_each_rule_has_a_fixer_that_may_change_something(rule):
    known = [one for one in FIXERS if SAME[rule] in one.rules.get("checkov", ())]
    assert any(not one.for_a_person for one in known if one.name.startswith("terraform-"))


def test_a_volume_is_encrypted_by_the_fixer_of_its_weakness():
    made = proposed("terraform.aws.security.aws-ebs-volume-unencrypted", VOLUME).candidates
    assert {one.fixer for one in made} == {"terraform-encryption-at-rest"}
    assert any(b"encrypted = true" in apply_edits(VOLUME, one.edits) for one in made)


def test_what_only_its_owner_decides_says_why():
    policy = b'resource "aws_iam_policy" "all" {\n  policy = "{}"\n}\n'
    answer = proposed("no-iam-admin-privileges", policy)
    assert answer.candidates == ()
    assert answer.reason

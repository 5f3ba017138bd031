"""What serves one region alone is taken from the module by what stands in that region."""

import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

KEY = 'resource "aws_kms_key" "data" {\n%s}\n'
LOGS = 'resource "aws_s3_bucket" "access_logs" {\n%s}\n'
ELSEWHERE = "  provider = aws.dublin\n"


@pytest.mark.parametrize(
    ("rule", "kind", "other", "approach"),
    [
        ("CKV_AWS_136", "aws_ecr_repository", KEY, "module-key"),
        ("CKV_AWS_18", "aws_s3_bucket", LOGS, "log-bucket"),
    ],
)
@pytest.mark.parametrize(("own", "others", "taken"), [("", "", True), (ELSEWHERE, "", False), ("", ELSEWHERE, False),
                                                      (ELSEWHERE, ELSEWHERE, True)])  # fmt: skip
def test_a_key_or_a_bucket_of_another_region_is_left(rule, kind, other, approach, own, others, taken):
    text = f'resource "{kind}" "app" {{\n{own}}}\n{other % others}'
    place = Location(path="m.tf", region=Region(start_line=1))
    finding = Finding(tool="checkov", rule=rule, message="", severity=Severity.LOW, locations=(place,))
    made = propose(Target(finding=finding, tree=MemoryTree({"m.tf": text.encode()}))).candidates
    assert (approach in [one.approach for one in made]) is taken

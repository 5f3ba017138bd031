"""Session tokens where a script beside the module asks the metadata service for itself."""

import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

ASKS = b"curl http://169.254.169.254/latest/meta-data/local-ipv4\n"
WITH_TOKEN = b'T=$(curl -X PUT http://169.254.169.254/latest/api/token)\ncurl -H "X-aws-ec2-metadata-token: $T" '


@pytest.mark.parametrize(
    ("path", "script", "fixed"),
    [
        ("web/templates/start.sh", ASKS, False),
        ("web/templates/start.sh", WITH_TOKEN + ASKS, True),
        ("start.sh", ASKS, True),
        ("web/other/start.sh", ASKS, True),
    ],
)
def test_a_module_s_own_script_decides(path, script, fixed):
    finding = Finding(
        tool="checkov",
        rule="CKV_AWS_79",
        message="",
        severity=Severity.MEDIUM,
        locations=(Location(path="web/main.tf", region=Region(start_line=1)),),
    )
    files = {"web/main.tf": b'resource "aws_instance" "i" {\n}\n', "web/other/main.tf": b"", path: script}
    proposal = propose(Target(finding=finding, tree=MemoryTree(files)))
    assert bool(proposal.candidates) is fixed
    assert fixed or "asks the metadata service without a token" in (proposal.reason or "")

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


NETWORK = """resource "aws_subnet" "public" {
  map_public_ip_on_launch = true
}
resource "aws_nat_gateway" "out" {
  subnet_id = aws_subnet.public.id
}
output "subnet" {
  value = aws_subnet.public.id
}
"""
MACHINE = 'resource "aws_instance" "app" {\n  subnet_id = var.subnet\n%s}\n'


@pytest.mark.parametrize(
    ("network", "machine", "closed"),
    [
        (NETWORK, MACHINE % "", False),
        (NETWORK, MACHINE % "  associate_public_ip_address = true\n", True),
        (NETWORK, "", True),
        (NETWORK.replace("  value = aws_subnet.public.id\n", "  value = 1\n"), MACHINE % "", True),
    ],
)
def test_no_gateway_leads_out_of_its_own_subnet(network, machine, closed):
    place = Location(path="net/m.tf", region=Region(start_line=1))
    finding = Finding(tool="checkov", rule="CKV_AWS_130", message="", severity=Severity.LOW, locations=(place,))
    tree = MemoryTree({"net/m.tf": network.encode(), "app/m.tf": machine.encode()})
    assert bool(propose(Target(finding=finding, tree=tree)).candidates) is closed

"""A cluster's API stays reachable for what deploys to it from outside."""

import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

CLUSTER = b"""resource "azurerm_kubernetes_cluster" "main" {
  name = "shop"
}
"""


def _approaches(**files):
    named = {path.replace("__", "/"): text.encode() for path, text in files.items()}
    location = Location(path="infra/m.tf", region=Region(start_line=1, end_line=3))
    finding = Finding(tool="checkov", rule="CKV_AZURE_115", message="", severity=Severity.LOW, locations=(location,))
    found = propose(Target(finding=finding, tree=MemoryTree({"infra/m.tf": CLUSTER, **named})))
    return {each.approach for each in found.candidates}


@pytest.mark.parametrize(
    ("path", "text", "private"),
    [
        ("scripts__deploy.sh", "az aks get-credentials -n shop\nkubectl apply -f k8s\n", False),
        ("README.md", "az aks get-credentials -n shop\n", True),
        ("infra__k8s.tf", 'provider "helm" {}\n', False),
    ],
)
def test_a_control_plane_that_is_called_from_outside_is_not_made_private(path, text, private):
    assert any(each.startswith("private") for each in _approaches(**{path: text})) is private

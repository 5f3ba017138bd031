import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.registry import NoFix, Target
from workers.source.tree import MemoryTree

MODULE = b'resource "datadog_integration" "main" {\n  api_key = "q9X2vB7nK4mZ8wT1"\n}\n'


def target(files):
    where = Location(path="modules/keys/main.tf", region=Region(start_line=2))
    finding = Finding(tool="gitleaks", rule="generic-api-key", message="", severity=Severity.HIGH, locations=(where,))
    return Target(finding=finding, tree=MemoryTree({"modules/keys/main.tf": MODULE, **files}))


def test_the_variable_stands_beside_the_modules_others(proposed):
    variables = b'variable "name" {\n  type = string\n}\n'
    (found,) = proposed(target({"modules/keys/variables.tf": variables, "main.tf": b""}))
    assert {edit.path for edit in found.edits} == {"modules/keys/main.tf", "modules/keys/variables.tf"}


def test_a_module_that_another_one_calls_gets_its_value_from_there(proposed):
    with pytest.raises(NoFix, match=r"main\.tf calls the module"):
        proposed(target({"main.tf": b'module "keys" {\n  source = "./modules/keys"\n}\n'}))

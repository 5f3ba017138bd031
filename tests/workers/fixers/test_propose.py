"""Which fixers are asked, and what is said where none has an answer."""

import msgspec
import pytest

from daemon.domain.finding import Finding, Location, Package, Region, Replacement, ScannerFix
from daemon.domain.severity import Severity
from workers.fixers.propose import fixers_for, propose
from workers.fixers.registry import FIXERS, NoFix, Target
from workers.source.tree import AbsentTree, MemoryTree

SOURCE = b"import yaml\n\n\ndef read(stream):\n    return yaml.load(stream, Loader=yaml.Loader)\n"


def finding(tool: str, rule: str, *cwes: int, path: str = "app.py") -> Finding:
    return Finding(
        tool=tool,
        rule=rule,
        message="",
        severity=Severity.HIGH,
        cwes=cwes,
        locations=(Location(path=path, region=Region(start_line=5)),),
    )


def test_a_rule_of_the_repository_is_fixed_by_its_weakness():
    own = finding("semgrep", "rules.our-own-yaml-rule", 502)
    made = propose(Target(finding=own, tree=MemoryTree({"app.py": SOURCE}))).candidates
    assert any(b"safe_load" in edit.text.encode() for one in made for edit in one.edits)


def test_a_named_rule_asks_its_own_fixers_only():
    named = fixers_for(finding("bandit", "B506", 20, 78))
    assert {fixer.name for fixer in named} == {fixer.name for fixer in fixers_for(finding("bandit", "B506"))}


def test_a_fixer_of_another_language_has_nothing_to_say():
    tree = MemoryTree({"main.go": b"package main\n\n\nfunc main() {\n\tload()\n}\n"})
    proposal = propose(Target(finding=finding("semgrep", "rules.our-own", 502, path="main.go"), tree=tree))
    assert proposal.candidates == ()
    assert proposal.reason == "no fixer knows semgrep's rule rules.our-own"


def test_an_unknown_rule_without_a_weakness_is_named():
    proposal = propose(Target(finding=finding("semgrep", "rules.our-own"), tree=MemoryTree({"app.py": SOURCE})))
    assert proposal.reason == "no fixer knows semgrep's rule rules.our-own"


@pytest.mark.parametrize("ecosystem", ["Maven", "npm", "PyPI", "Go", "GitHub Actions"])
def test_a_package_of_a_source_that_is_not_there_is_not_called_undeclared(ecosystem):
    package = Package(name="a:b", version="1.0.0", ecosystem=ecosystem, fixed_versions=("1.0.1",))
    found = Finding(
        tool="osv-scanner", rule="CVE-2000-0001", message="", severity=Severity.HIGH, category="dependency",
        package=package, locations=(Location(path="lockfile"),),
    )  # fmt: skip
    proposal = propose(Target(finding=found, tree=AbsentTree("source not available: no checkout")))
    assert proposal.reason == "source not available: no checkout"


def test_a_header_of_a_source_that_is_not_there_has_no_server_to_be_missed():
    found = Finding(tool="zap", rule="10021", message="", severity=Severity.LOW)
    proposal = propose(Target(finding=found, tree=AbsentTree("source not available: no checkout")))
    assert proposal.reason == "source not available: no checkout"


@pytest.mark.parametrize("one", [each for each in FIXERS if each.for_a_person], ids=lambda one: one.name)
def test_a_fixer_that_leaves_all_to_a_person_changes_nothing_and_says_why(one):
    """A benchmark that counts its findings apart may rely on it."""
    for tool, rules in one.rules.items():
        for rule in rules:
            place = Location(path="a.yml", region=Region(start_line=1))
            finding = Finding(tool=tool, rule=rule, message="", severity=Severity.LOW, locations=(place,))
            with pytest.raises(NoFix, match=r"\w{3}"):
                list(one.propose(Target(finding=finding, tree=MemoryTree({"a.yml": b"a: 1\n"}))))


@pytest.mark.parametrize(("path", "harmless"), [("tests/test_app.py", True), ("app.py", False)])
def test_a_made_up_credential_in_a_test_is_nothing_to_mend(path, harmless):
    tree = MemoryTree({path: b'\n\n\n\nconnect(password="q9X2vB7nK4mZ8wT1")\n'})
    proposal = propose(Target(finding=finding("bandit", "B106", path=path), tree=tree))
    assert (proposal.harmless, bool(proposal.candidates)) == (harmless, not harmless)


@pytest.mark.parametrize(("path", "harmless"), [("tests/test_app.py", True), ("app.py", False)])
def test_a_temporary_path_that_a_test_only_names_is_nothing_to_mend(path, harmless):
    tree = MemoryTree({path: b'\n\n\n\nSOCKET = "/tmp/dummy-socket"\n'})
    assert propose(Target(finding=finding("bandit", "B108", path=path), tree=tree)).harmless is harmless


@pytest.mark.parametrize(("path", "harmless"), [("test/app.js", True), ("app.js", False)])
def test_what_a_test_sends_to_itself_is_nothing_to_mend(path, harmless):
    source = b"\n\n\n\nconst app = require('express')()\napp.get('/', (req, res) => res.send('hi ' + req.query.name))\n"
    place = Location(path=path, region=Region(start_line=6))
    found = Finding(tool="njsscan", rule="express_xss", message="", severity=Severity.LOW, locations=(place,))
    proposal = propose(Target(finding=found, tree=MemoryTree({path: source})))
    assert (proposal.harmless, bool(proposal.candidates)) == (harmless, not harmless)


def test_what_only_has_no_fix_is_not_called_harmless():
    tree = MemoryTree({"app.py": SOURCE})
    assert not propose(Target(finding=finding("semgrep", "rules.our-own"), tree=tree)).harmless
    assert not propose(Target(finding=finding("bandit", "B102"), tree=tree)).harmless


@pytest.mark.parametrize(("rule", "offered"), [("rules.our-own", True), ("request-with-http", False)])
def test_a_semgrep_rule_s_own_text_is_left_where_a_fixer_knows_the_rule(rule, offered):
    edit = Replacement(path="app.py", region=Region(start_line=1), text="x = 2\n")
    found = msgspec.structs.replace(
        finding("semgrep", rule), fixes=(ScannerFix(description="two", replacements=(edit,)),)
    )
    made = propose(Target(finding=found, tree=MemoryTree({"app.py": b"x = 1\n" * 9})))
    assert bool(made.candidates) is offered

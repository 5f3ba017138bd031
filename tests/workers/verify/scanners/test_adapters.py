"""Every scanner adapter: it reports what is bad, is silent about what is good, and never takes a broken file for read.

One start per scanner looks at all three files, as a batch does.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workers.parsers import read
from workers.source.tree import MemoryTree
from workers.verify.answers import FileScan, Unit
from workers.verify.batch import Scanners
from workers.verify.environments import available
from workers.verify.own_rules import with_own_rules
from workers.verify.scanner import SCANNERS
from workers.verify.scanners import njsscan
from workers.verify.scanners.njsscan import unread
from workers.verify.scanners.semgrep import unasked

INSTALLED = Path(".secaid/scanners").absolute()
RULES = (Path(__file__).parent.parent / "own_rules.yml").read_bytes()
WORKFLOW = ".github/workflows/ci.yml"
GOOD_WORKFLOW = b"""name: ci
on: push
permissions: {}
jobs:
  ci:
    runs-on: ubuntu-latest
    timeout-minutes: 5
    steps:
      - run: make
"""
# Scanner: path, a bad file, the rule it must report, a good file, a file that it cannot read (none where it reads any).
CASES: dict[str, tuple[str, bytes, str, bytes, bytes | None]] = {
    "zizmor": (
        WORKFLOW,
        GOOD_WORKFLOW.replace(b"- run: make", b"- run: echo ${{ github.event.issue.title }}"),
        "template-injection",
        GOOD_WORKFLOW,
        b"name: [\n",
    ),
    "actionlint": (
        WORKFLOW,
        GOOD_WORKFLOW.replace(b"runs-on: ubuntu-latest", b"runs-on: ubuntu-latest\n    needs: nobody"),
        "job-needs",
        GOOD_WORKFLOW,
        None,
    ),
    "checkov": (
        "Dockerfile",
        b"FROM python:latest\nUSER nobody\n",
        "CKV_DOCKER_7",
        b'FROM python:3.12\nHEALTHCHECK CMD ["true"]\nUSER nobody\n',
        None,
    ),
    "hadolint": (
        "Dockerfile",
        b"FROM debian:12-slim\nWORKDIR app\n",
        "DL3000",
        b"FROM debian:12-slim\nWORKDIR /app\n",
        b"FROM debian:12-slim\nRUNN x\n",
    ),
    "bandit": ("a.py", b"eval(input())\n", "B307", b"print(1)\n", b"def (:\n"),
    "gitleaks": ("a.env", b"KEY=AKIAQYLPMN5HFIQR7XYA\n", "aws-access-token", b"KEY=\n", None),
    "semgrep": ("a.js", b"window.alert(1);\n", "no-alert", b"console.log(1);\n", b"function ( { window.alert(\n"),
    "njsscan": (
        "a.js",
        b'const c = require("crypto");\nc.createHash("md5").update("x");\n',
        "node_md5",
        b'const c = require("crypto");\nc.createHash("sha256").update("x");\n',
        b"function f( {\nconst x =\n",
    ),
    "mobsfscan": (
        "A.kt",
        b'class A { fun f() = java.security.MessageDigest.getInstance("MD5") }\n',
        "android_kotlin_md5",
        b'class A { fun f() = java.security.MessageDigest.getInstance("SHA-256") }\n',
        b"class A { fun f( {\n",
    ),
    "ktlint": (
        "A.kt",
        b"import java.io.File\nimport java.net.URL\n\nfun x(a: URL) = a\n",
        "no-unused-imports",
        b"import java.net.URL\nfun x( a:URL )=a",
        b"class B {\n fun ( {\n}\n",
    ),
    "cfn-lint": (
        "stack.yaml",
        b"AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  B:\n    Type: AWS::S3::Bucket\n    Propertys: {}\n",
        "E3001",
        b"AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  B:\n    Type: AWS::S3::Bucket\n",
        None,
    ),
    "shellcheck": ("a.sh", b"#!/bin/sh\ncd $1\n", "SC2164", b"#!/bin/sh\necho ok\n", None),
    "yamllint": ("a.yaml", b"a: 1\na: 2\n", "key-duplicates", b"a: 1\nb: 2\n", None),
}


# Some start for twenty seconds: once, on one worker.
@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"adapter-{name}")) for name in sorted(CASES)],
)
def seen(request: pytest.FixtureRequest, tmp_path_factory) -> tuple[str, dict[str, FileScan]]:
    """What one scanner says about its bad, its good and its broken file."""
    name = request.param
    tools, missing = available([INSTALLED], [name])
    if not tools:
        pytest.skip(f"{missing[name]}; run `make all-scanners`")
    path, bad, _, good, broken = CASES[name]
    tools = with_own_rules(tools, MemoryTree({"rules.yml": RULES}), tmp_path_factory.mktemp("rules"))
    units = {"bad": Unit(path, bad), "good": Unit(path, good)} | ({"broken": Unit(path, broken)} if broken else {})
    answers = Scanners(tools, read).scan({name: units.values()})
    return name, {kind: answers[name, unit] for kind, unit in units.items()}


def test_it_reports_what_is_bad_and_proves_that_it_read_it(seen):
    name, scans = seen
    assert CASES[name][2] in {finding.rule.rpartition("/")[2] for finding in scans["bad"].findings}
    assert scans["bad"].read
    assert {finding.path for finding in scans["bad"].findings} == {CASES[name][0]}


def test_it_is_silent_about_what_is_good_and_proves_that_it_read_it(seen):
    name, scans = seen
    assert CASES[name][2] not in {finding.rule.rpartition("/")[2] for finding in scans["good"].findings}
    assert scans["good"].read


def test_a_file_that_does_not_parse_never_counts_as_read(seen):
    _, scans = seen
    if "broken" in scans:
        assert not scans["broken"].read


def test_it_looks_at_the_file_of_its_case_and_names_a_pinned_version(seen):
    name, scans = seen
    adapter = SCANNERS.get(name)
    assert adapter.applies(CASES[name][0], CASES[name][1])
    assert scans["bad"].version.partition("+")[0] in adapter.requirement or name in {
        "actionlint",
        "gitleaks",
        "ktlint",
        "shellcheck",
    }


def test_a_file_on_which_the_engine_ran_out_of_time_was_not_read():
    """It names no finding then, which looks like a clean file."""
    said = {"path": "./views/io.js", "type": "Timeout", "message": "Timeout when running regex_dos on io.js:\n "}
    report = json.dumps({"errors": [said, {"type": "Other"}, "semgrep not found"], "nodejs": {}}).encode()
    assert unread(report) == {"views/io.js": "Timeout when running regex_dos on io.js:"}


@pytest.mark.parametrize("path", ["views/page.ejs", "layouts/main.hbs", "App.vue"])
def test_templates_of_javascript_are_looked_at(path):
    assert SCANNERS.get("njsscan").applies(path, b"<%- name %>")


@pytest.mark.parametrize(
    ("path", "content", "left"),
    [
        ("a.min.js", b"a()\n", True),
        ("a.js", b"a();" * 999, True),
        ("a.js", b"/*!\n * Materialize v0.100.1 (http://materializecss.com)\n */\na();\n", True),
        ("a.js", b"//! moment.js\n//! version : 2.18.1\na();\n", True),
        ("a.js", b"/**\n * @license AngularJS v1.6.4\n */\na();\n", True),
        ("a.js", b"/*!\n * Ours\n */\nconst version = '1.2';\n", False),
        ("a.js", b"// since 1.2\na();\n", False),
        ("a.ejs", b"/*! x 1.2 */", False),
    ],
)
def test_javascript_that_was_built_is_left_to_whoever_built_it(path, content, left):
    adapter = SCANNERS.get("njsscan")
    assert (adapter.leaves(path, content) is not None) == left
    assert adapter.applies(path, content) == (not left)


def test_what_gitleaks_leaves_out_by_its_own_list_is_said_to_be_so():
    tools, _ = available([INSTALLED], ["gitleaks"])
    if not tools:
        pytest.skip("gitleaks is not installed here: run `secaid setup --scanners`")
    units = [Unit("package-lock.json", b"{}\n"), Unit("a b.env", b"A=1\n")]
    answers = Scanners(tools, read).scan({"gitleaks": units})
    assert [(answers["gitleaks", unit].read, answers["gitleaks", unit].left_out) for unit in units] == [
        (False, True),
        (True, False),
    ]
    assert "allow list" in answers["gitleaks", units[0]].errors[0]
    assert not SCANNERS.get("gitleaks").applies("__init__.py", b"")


@pytest.mark.parametrize(
    ("path", "looked_at"),
    [("app/src/main/res/layout-land/login.xml", True), ("app/src/main/AndroidManifest.xml", True), ("pom.xml", False)],
)
def test_resources_of_android_are_looked_at(path, looked_at):
    assert SCANNERS.get("mobsfscan").applies(path, b"<LinearLayout/>") == looked_at


@pytest.mark.parametrize("name", [one.name for one in SCANNERS if one.rule_folders])
def test_rules_of_semgrep_lie_in_one_file_each(name):
    """Semgrep starts a process for each of them; that they still find what they should, the others show."""
    if not (INSTALLED / name).exists():
        pytest.skip(f"{name} is not installed here: run `secaid setup --scanners {name}`")
    package = next((INSTALLED / name).glob(f"lib/python3*/site-packages/{name}"))
    for folder in SCANNERS.get(name).rule_folders:
        assert [file.name for file in (package / folder).rglob("*.yaml")] == ["rules.yaml"]


@pytest.mark.parametrize(
    ("languages", "wanted"),
    [
        (["python"], {"a.js", "b.yml", "x/Dockerfile"}),
        (["py", "js"], {"b.yml", "x/Dockerfile"}),
        (["python", "generic"], set()),
        ("python", set()),
    ],
)
def test_what_no_rule_of_the_repository_is_about_counts_as_looked_at(tmp_path, languages, wanted):
    (tmp_path / "rules_000.yaml").write_text(json.dumps({"rules": [{"id": "a", "languages": languages}]}))
    assert unasked(["a.py", "a.js", "b.yml", "x/Dockerfile", "tool"], tmp_path) == wanted


def test_every_adapter_has_a_case():
    assert sorted(CASES) == SCANNERS.names()


def test_a_policy_of_one_variant_is_not_taken_for_the_pods_of_another():
    """Checkov connects a NetworkPolicy with every pod of a run that it selects."""
    tools, _ = available([INSTALLED])
    if not any(tool.name == "checkov" for tool in tools):
        pytest.skip("checkov is not installed here: run `secaid setup --scanners`")
    pod = (
        b"apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {app: a}}\nspec: {containers: [{name: a, image: a}]}\n"
    )
    policy = b"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\n"
    policy += b"spec: {podSelector: {matchLabels: {app: a}}, policyTypes: [Ingress]}\n"
    units = [Unit("pod.yaml", pod), Unit("pod.yaml", pod + policy)]
    answers = Scanners([tool for tool in tools if tool.name == "checkov"], read).scan({"checkov": units})
    reported = [["CKV2_K8S_6" in {one.rule for one in answers["checkov", unit].findings}] for unit in units]
    assert reported == [[True], [False]]
    assert all(answers["checkov", unit].read for unit in units)


def test_a_module_that_differs_in_a_variable_alone_is_another_module():
    """Checkov's child works out a file and an expression once, whichever variant they stand in."""
    tools, _ = available([INSTALLED])
    if not any(tool.name == "checkov" for tool in tools):
        pytest.skip("checkov is not installed here: run `secaid setup --scanners`")
    main = b'resource "aws_db_instance" "a" {\n  storage_encrypted = var.encrypted\n}\n'
    units = [
        Unit("m/main.tf", main, (("m/variables.tf", b'variable "encrypted" {\n  default = %s\n}\n' % value),))
        for value in (b"false", b"true", b"!true", b"false")
    ]
    answers = Scanners([tool for tool in tools if tool.name == "checkov"], read).scan({"checkov": units})
    reported = ["CKV_AWS_16" in {one.rule for one in answers["checkov", unit].findings} for unit in units]
    assert reported == [True, False, True, True]


def test_bandit_takes_an_assert_in_a_test_for_the_test_and_elsewhere_for_a_check():
    tools, missing = available([INSTALLED], ["bandit"])
    if not tools:
        pytest.skip(missing["bandit"])
    content = b"assert value\neval(value)\n"
    units = [Unit(path, content) for path in ("app/a.py", "app/tests/a.py", "test_a.py", "app/conftest.py")]
    answers = Scanners(tools, read).scan({"bandit": units})
    rules = {unit.path: {one.rule for one in answers["bandit", unit].findings} for unit in units}
    assert all(answers["bandit", unit].read for unit in units)
    assert rules == {"app/a.py": {"B101", "B307"}} | {unit.path: {"B307"} for unit in units[1:]}


def test_a_bundle_is_left_out_by_its_name_or_by_its_lines():
    written = b"const one = 1;\n" * 500
    assert njsscan.applies("app.js", written)
    assert njsscan.applies("one-line.js", b"const data = " + b"9" * 900)
    assert not njsscan.applies("app.min.js", written)
    assert not njsscan.applies("vendor.umd.js", b"/* licence */\n" + b"var a=1;" * 5000)
    assert not njsscan.applies("app.py", written)

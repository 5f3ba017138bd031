"""The table of vulnerability types."""

from collections import Counter
from collections.abc import Callable

import pytest

from daemon.domain.finding import Finding, Package
from workers.triage import categories
from workers.triage.categories import CATEGORIES, category

TOP_25 = (
    79,
    787,
    89,
    352,
    22,
    125,
    78,
    416,
    862,
    434,
    94,
    20,
    77,
    287,
    269,
    502,
    200,
    863,
    918,
    119,
    476,
    798,
    190,
    400,
    306,
)
"""The most dangerous weaknesses of 2024, as CWE lists them."""


def test_every_category_is_described_and_reached_by_the_table() -> None:
    reached = {found for _, _, found in categories._RULES} | set(categories._CWES) | {"dependency", "other"}
    assert reached == set(CATEGORIES)
    assert all(text.endswith(".") for text in CATEGORIES.values())


def test_no_weakness_has_two_categories() -> None:
    numbers = Counter(number for numbers in categories._CWES.values() for number in numbers.split())
    assert [number for number, times in numbers.items() if times > 1] == []


@pytest.mark.parametrize("cwe", TOP_25)
def test_the_most_dangerous_weaknesses_all_have_one(cwe: int, make_finding: Callable[..., Finding]) -> None:
    assert category(make_finding("rule", cwes=(cwe,))) != "other"


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"tool": "zizmor", "rule": "artipacked"}, "workflow"),
        ({"tool": "zizmor", "rule": "template-injection"}, "injection"),
        ({"tool": "checkov", "rule": "CKV2_GHA_1"}, "workflow"),
        ({"tool": "checkov", "rule": "CKV_DOCKER_2"}, "container"),
        ({"tool": "checkov", "rule": "CKV_K8S_8"}, "infrastructure"),
        ({"tool": "hadolint", "rule": "DL3008"}, "container"),
        ({"tool": "gitleaks", "rule": "aws-access-token"}, "secret"),
        ({"tool": "bandit", "rule": "B602", "cwes": (78,)}, "injection"),
        ({"tool": "bandit", "rule": "B324", "cwes": (327,)}, "cryptography"),
        ({"tool": "bandit", "rule": "B301", "cwes": (502,)}, "deserialization"),
        ({"tool": "bandit", "rule": "B303"}, "cryptography"),
        ({"tool": "bandit", "rule": "B703"}, "injection"),
        ({"tool": "bandit", "rule": "B310"}, "request-forgery"),
        ({"tool": "gosec", "rule": "G401"}, "cryptography"),
        ({"tool": "snyk", "rule": "SNYK-CC-TF-136"}, "infrastructure"),
        ({"tool": "govulncheck", "rule": "GO-2026-4865"}, "dependency"),
        ({"tool": "zap", "rule": "10038-1", "cwes": (693,)}, "web-headers"),
        ({"tool": "zap", "rule": "10011", "cwes": (614,)}, "session"),
        ({"tool": "semgrep", "rule": "semgrep-rules.webauthn-challenge-reuse"}, "challenge-expiry"),
        ({"tool": "semgrep", "rule": "semgrep-rules.webauthn-credential-validation-bypass"}, "credential-validation"),
        ({"tool": "trivy", "rule": "license-GPL-2.0"}, "license"),
        ({"tool": "anything", "rule": "x", "path": ".github/workflows/ci.yml"}, "workflow"),
        ({"tool": "anything", "rule": "x", "path": "deploy/web.Dockerfile"}, "container"),
        ({"tool": "anything", "rule": "x", "path": "infra/main.tf"}, "infrastructure"),
        ({"tool": "anything", "rule": "x", "path": "src/a.c"}, "other"),
        (
            {"tool": "trivy", "rule": "CVE-2021-10001", "package": Package(ecosystem="npm", name="a", version="1")},
            "dependency",
        ),
    ],
)
def test_a_finding_gets_its_type(fields: dict[str, object], wanted: str, make_finding: Callable[..., Finding]) -> None:
    assert category(make_finding(**fields)) == wanted

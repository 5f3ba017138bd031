"""A shell's call that a test of the repository expects word for word."""

import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

CODE = b'import subprocess\nsubprocess.check_call("gcloud builds submit", shell=True)\n'
EXPECTS = b'from unittest import mock\nimport publish\nCALLS = [mock.call("gcloud builds submit", shell=True)]\n'


@pytest.mark.parametrize(
    ("path", "content", "declined"),
    [
        ("tests/test_publish.py", EXPECTS, True),
        ("tests/test_other.py", EXPECTS.replace(b"publish", b"other"), False),
        ("tests/test_publish.py", EXPECTS.replace(b", shell=True", b""), False),
        ("docs/publish.py", EXPECTS, False),
    ],
    ids=["expected", "of another module", "without a shell", "no test"],
)
def test_a_call_that_a_test_expects_is_changed_with_it_or_not_at_all(path, content, declined):
    region = Region(start_line=2)
    finding = Finding(
        tool="bandit",
        rule="B602",
        message="",
        severity=Severity.MEDIUM,
        locations=(Location(path="publish.py", region=region),),
    )
    proposal = propose(Target(finding=finding, tree=MemoryTree({"publish.py": CODE, path: content})))
    assert (not proposal.candidates and "change both together" in (proposal.reason or "")) is declined


GETS = "import requests\ndef load(url):\n    return requests.get(url)\n"
REPLACED = "from app import client\n@patch('app.client.requests.get')\ndef test_load(get):\n    client.load('x')\n"
_COMPARES = "client.load(get.assert_called_with)\n"
BY_OWN = "import client\ndef fake_get(url):\n    return 1\ndef test(m):\n    m.setattr(requests, 'get', fake_get)\n"


@pytest.mark.parametrize(
    ("test", "declined"),
    [
        (REPLACED, False),
        (REPLACED + "    get.assert_called_once_with('x')\n", True),
        (REPLACED + "    get.return_value = Mock(json=lambda: [])\n", False),
        (BY_OWN, True),
        (BY_OWN.replace("url)", "url, **kwargs)"), False),
        (REPLACED + "def test_other(save):\n    save.assert_called_once_with('x')\n", False),
        (f"@patch('app.client.requests.get')\nclass Test:\n    def test(self, get):\n        {_COMPARES}", True),
    ],
    ids=[
        "any arguments",
        "compared",
        "an answer's own function",
        "a stand-in",
        "a stand-in that takes more",
        "compared in another test",
        "replaced for a class",
    ],
)
def test_a_stand_in_gets_no_argument_that_it_does_not_take(asked, test, declined):
    made = asked({"app/client.py": GETS, "tests/test_client.py": test}, "bandit", "B113", "app/client.py", 3)
    assert bool(made.candidates) is not declined


def test_an_error_that_a_test_expects_stays(asked):
    files = {
        "app/client.py": "def load(url):\n    assert url\n",
        "tests/test_client.py": "pytest.raises(AssertionError)",
    }
    made = asked(files, "bandit", "B101", "app/client.py", 2)
    assert [each.approach for each in made.candidates] == ["raise-assertion-error"]


@pytest.mark.parametrize(
    ("code", "rule", "function"),
    [
        ("import urllib.request\ndef load(url):\n    return urllib.request.urlopen(url)\n", "B310", "urlopen"),
        (
            "import random\ndef token(): \n    return ''.join(random.choice(letters) for _ in range(9))\n",
            "B311",
            "choice",
        ),
        ("import os\ndef make():\n    os.system('make all')\n", "B605", "system"),
    ],
)
def test_a_function_that_a_test_replaces_stays_the_one_that_is_called(asked, code, rule, function):
    test = f"import client\ndef test_it(monkeypatch):\n    monkeypatch.setattr(client.x, '{function}', None)\n"
    for content, offered in ((test, False), (test.replace(function, "other"), True)):
        made = asked({"app/client.py": code, "tests/test_client.py": content}, "bandit", rule, "app/client.py", 3)
        assert bool(made.candidates) is offered

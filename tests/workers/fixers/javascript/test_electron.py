"""A window's options are changed where its pages are there and ask for nothing that goes with them."""

import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

_MAIN = """const { BrowserWindow } = require('electron');

const w = new BrowserWindow({ webPreferences: {
  OPTION,
  preload: path.join(__dirname, 'preload.js'),
} });
w.loadURL(`file://${__dirname}/index.html`);
"""
_PAGE = '<html><script src="./page.js"></script></html>'
_MANIFEST = '{"devDependencies": {"electron": "^9.1.0"}}'


def _approaches(rule: str, option: str, **more: str) -> list[str]:
    files = {"main.js": _MAIN.replace("OPTION", option), "index.html": _PAGE, "package.json": _MANIFEST, **more}
    tree = MemoryTree({name.replace("_js", ".js"): text.encode() for name, text in files.items()})
    where = (Location(path="main.js", region=Region(start_line=4)),)
    finding = Finding(tool="njsscan", rule=rule, message="", severity=Severity.HIGH, locations=where)
    return [each.approach for each in propose(Target(finding=finding, tree=tree)).candidates]


def test_node_is_taken_from_a_page_that_does_not_call_it():
    page = "document.title = 'here';"
    assert _approaches("electron_nodejs_integration", "nodeIntegration: true", page_js=page) == [
        "safe-value",
        "default",
    ]


@pytest.mark.parametrize("page", ["const fs = require('fs');", "import './more';", "alert(process.version);"])
def test_it_stays_where_a_script_calls_it_or_is_not_there(page):
    assert _approaches("electron_nodejs_integration", "nodeIntegration: true", page_js=page) == []


def test_a_world_of_its_own_is_given_where_the_preload_script_shares_nothing():
    option = "contextIsolation: false"
    assert _approaches("electron_context_isolation", option, preload_js="console.log('here');") == ["safe-value"]
    assert _approaches("electron_context_isolation", option, preload_js="window.api = {};") == []


def test_the_policy_is_switched_on_for_a_page_that_asks_nobody():
    option = "webSecurity: false"
    assert _approaches("electron_disable_websecurity", option, page_js="alert(1);") == ["safe-value", "default"]
    assert _approaches("electron_disable_websecurity", option, page_js="fetch(address);") == []

"""Electron windows that give web pages more than a browser would."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import region
from workers.fixers.javascript.electron_page import refuse_other_origins, refuse_shared_world, refuse_use_of_node
from workers.fixers.javascript.manifest import dependencies
from workers.fixers.javascript.options import Option, propose_options
from workers.fixers.javascript.script import script
from workers.fixers.registry import NoFix, Target, fixer

_OPTIONS = (
    Option(name="webSecurity", bad=("false",), good="true", why="The same-origin policy applies to the page."),
    Option(
        name="allowRunningInsecureContent",
        bad=("true",),
        good="false",
        why="A page loaded over HTTPS runs no scripts that came over HTTP.",
    ),
    Option(
        name="nodeIntegration",
        bad=("true",),
        good="false",
        why="A script in the page cannot call Node: a cross-site script stays in the page.",
        warning="Pages that call require() need a preload script with contextBridge.",
    ),
    Option(
        name="contextIsolation",
        bad=("false",),
        good="true",
        why="The page cannot change what the preload script sees.",
        warning="Values that preload put on `window` need contextBridge.exposeInMainWorld.",
    ),
)

_SINCE = {"nodeIntegration": 5, "contextIsolation": 12, "webSecurity": 0, "allowRunningInsecureContent": 0}
"""The release of Electron since which the safe value is the default."""
_RULES = (
    ("node", "nodeIntegration"),
    ("isolation", "contextIsolation"),
    ("websecurity", "webSecurity"),
    ("allow_http", "allowRunningInsecureContent"),
)
"""Which option the rule's name means."""
_FEATURES = frozenset(("electron_experimental_features", "electron_blink_integration"))


@fixer(
    name="javascript-electron",
    weakness="Electron window without a browser's protections",
    rules={
        "njsscan": ["electron_*"],
        "semgrep": ["electron-disable-websecurity", "electron-nodejs-integration", "electron-context-isolation"],
    },
    explain="""An Electron window is a browser whose walls can be taken down by options. With `nodeIntegration: true`,
or `contextIsolation: false`, one cross-site script in the page runs programs on the user's machine; with
`webSecurity: false` every page reads every other (CWE-272, CWE-346).

The safe value is in each case also the default of current Electron, so the option can be set right or left out. What
the page needs from Node goes through a preload script and `contextBridge`, function by function.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """An unsafe window option → its safe value, or none, where the page asks for nothing that is lost with it."""
    file = script(target)
    if target.finding.rule_name in _FEATURES:
        message = f"{file.path}:{region(target).start_line}: which of the unfinished features the pages use is not here"
        raise NoFix(message)
    option = next((each for words, each in _RULES if re.search(words, target.finding.rule_name)), None)
    made = list(propose_options(target, [each for each in _OPTIONS if each.name == option]))
    match option:
        case "nodeIntegration":
            refuse_use_of_node(file, target.tree)
        case "contextIsolation":
            refuse_shared_world(file, target.tree)
        case _:
            refuse_other_origins(file, target.tree)
    major = re.match(r"\D*(\d+)", dependencies(target.tree, file.path).get("electron", ""))
    known = major is not None and int(major[1]) >= _SINCE.get(option or "", 0)
    yield from (each for each in made if each.approach != "default" or known)

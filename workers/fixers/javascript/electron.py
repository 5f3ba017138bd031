"""Electron windows that give web pages more than a browser would."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.javascript.options import Option, propose_options
from workers.fixers.registry import Target, fixer

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
    Option(name="experimentalFeatures", bad=("true",), good="false", why="Unfinished browser features are off."),
    Option(name="enableBlinkFeatures", bad=("*",), good=None, why="Unfinished browser features are off."),
)


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
    """An unsafe window option → its safe value, or none."""
    return propose_options(target, _OPTIONS)

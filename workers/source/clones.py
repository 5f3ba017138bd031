"""What a shell script does in a repository that it clones itself, and what in the one it was started in."""

from __future__ import annotations

import re

_CLONE = re.compile(r"\bgit\s+(?:-[cC]\s+\S+\s+)*clone\b[^\n;&|]*")
_GOES = re.compile(r"(?:^|[\s;&|])(?P<inner>\(?)[ \t]*(?:cd|pushd)[ \t]", re.MULTILINE)
_RETURNS = re.compile(
    r"(?:^|[\s;&|])(?:popd\b|cd[ \t]+"
    r"(?:-(?![\w/])|\.\.|\"?\$\{?(?:GITHUB_WORKSPACE|OLDPWD)|\$\{\{\s*github\.workspace))",
    re.MULTILINE,
)


def at_home(script: str) -> str:
    """The script without what it does between going into its own clone and coming back."""
    kept: list[str] = []
    at = 0
    for clone in _CLONE.finditer(script):
        if clone.start() < at or (goes := _GOES.search(script, clone.end())) is None:
            continue
        back = re.compile(r"\)").search(script, goes.end()) if goes["inner"] else _RETURNS.search(script, goes.end())
        kept.append(script[at : goes.start()] + "\n")
        at = back.end() if back is not None else len(script)
    return "".join(kept) + script[at:]

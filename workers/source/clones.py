"""What a shell script does in a repository that it clones itself, and what in the one it was started in."""

from __future__ import annotations

import re

_CLONE = re.compile(r"\bgit\s+(?:-[cC]\s+\S+\s+)*clone\b[^\n;&|]*")
_GOES = re.compile(r"(?:^|[\s;&|])(?P<inner>\(?)[ \t]*(?:cd|pushd)[ \t]", re.MULTILINE)
_SSH = re.compile(r"\bssh://|\bgit@[\w.-]+:")
_TOKENS = re.compile(r"x-access-token|\b(?:GITHUB|GH)_TOKEN\b|github\.token|\bsecrets\.", re.IGNORECASE)
"""What git could push with that is not the key of its clone."""
_SECRET = re.compile(r"https://[^\s@/]*\$\{\{\s*secrets\.(?!GITHUB_TOKEN\b)\w+\s*\}\}@", re.IGNORECASE)
_JOBS = re.compile(r"\b(?:GITHUB|GH)_TOKEN\b|github\.token", re.IGNORECASE)
_RETURNS = re.compile(
    r"(?:^|[\s;&|])(?:popd\b|cd[ \t]+"
    r"(?:-(?![\w/])|\.\.|\"?\$\{?(?:GITHUB_WORKSPACE|OLDPWD)|\$\{\{\s*github\.workspace))",
    re.MULTILINE,
)


def without_own(script: str) -> str:
    """The script without what it does in clones that it pushes to by a key or a secret of their own.

    What checkout keeps is for the repository that it has checked out; git sends it from no other.
    """
    clones = [clone[0] for clone in _CLONE.finditer(script)]
    by_key = _SSH.search(script) and not _TOKENS.search(script)
    by_secret = clones and all(_SECRET.search(clone) for clone in clones) and not _JOBS.search(script)
    return at_home(script) if by_key or by_secret else script


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

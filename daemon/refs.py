"""What a repository's tags and branches name now, asked of its host by git: no clone, no API and no limit of one."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from daemon.errors import SourceUnavailable
from daemon.mirrors import access, git

_SECONDS = 30.0
_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_LINE = re.compile(r"(?P<commit>[0-9a-f]{40}|[0-9a-f]{64})\trefs/(?P<kind>tags|heads)/(?P<name>\S+?)(?:\^\{\})?")


class Refs(msgspec.Struct, frozen=True):
    """Names → commits; an annotated tag's is the commit that it names."""

    tags: dict[str, str]
    branches: dict[str, str]


def read_refs(base_url: str, repository: str, token: str | None, *, seconds: float = _SECONDS) -> Refs:
    """All tags and branches of `owner/name` at a host such as `https://github.com`.

    Raises:
        SourceUnavailable: that is no repository's name, or git is not installed.
        Retryable: there is no such repository, it is not for this token, or it could not be asked now.
    """
    if not _NAME.fullmatch(repository) or ".." in repository:
        message = f"{repository!r} is not the name of a repository"
        raise SourceUnavailable(message)
    url = f"{base_url}/{repository}"
    command = ("ls-remote", "--quiet", "--heads", "--tags", "--", url)
    return _read(git(Path.cwd(), command, access(url, token), seconds))


def _read(output: str) -> Refs:
    refs = Refs({}, {})
    for line in output.splitlines():
        if (match := _LINE.fullmatch(line)) is not None:
            # Behind an annotated tag comes what it names, which then counts.
            (refs.tags if match["kind"] == "tags" else refs.branches)[match["name"]] = match["commit"]
    return refs

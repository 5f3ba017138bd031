"""Bare partial mirrors: one per polled repository, with the scanned commits' trees; blobs come when they are read.

Only the commits that were scanned are fetched, without their history. The token travels in git's environment,
bound to the one host it is for: it is on no command line and in no file. What git asks is bounded in time.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import signal
import subprocess
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from daemon.errors import Retryable, SourceUnavailable
from daemon.masking import mask
from daemon.settings import Repository, environment
from daemon.tokens import find_token

_SECONDS = 300.0
_LOCAL_SECONDS = 30.0
_MOST_SAID = 1000
_COMMIT = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
_OTHER_REPOSITORY = re.compile(
    r"GIT_(?:DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|NAMESPACE|PREFIX"
    r"|CONFIG_(?:PARAMETERS|COUNT|KEY_\d+|VALUE_\d+)|TRACE\w*|ASKPASS|CURL_VERBOSE)\Z"
)
"""Variables that lead git elsewhere, or that make it write down what it sends."""
_GONE = re.compile(r"not our ref|no such remote ref|couldn't find remote ref|unadvertised object", re.IGNORECASE)
_REFUSED = re.compile(
    r"authentication failed|could not read (?:username|password)|repository .*not found|does not appear to be a git"
    r"|error: (?:401|403|404)|does not exist|redirect",
    re.IGNORECASE,
)
_SETTINGS = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    # No helper is asked, so that no window ever waits for a person.
    "credential.helper": "",
    # A redirect would take the token along.
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "30",
    "gc.autoDetach": "false",
    "protocol.allow": "never",
}


class Mirrors:
    """The scanned commits of every polled repository, from a configured checkout or a mirror."""

    def __init__(
        self,
        folder: Path,
        api_url: str,
        *,
        token: Callable[[], str | None],
        base_url: str | None = None,
        seconds: float = _SECONDS,
    ) -> None:
        """`base_url`: where repositories are cloned from; what belongs to the API by default. `seconds`: the longest
        that one fetch may take.
        """
        self._folder = folder
        self._api_url = api_url
        self._base_url = base_url or clone_base(api_url)
        self._token = token
        self._seconds = seconds

    def find(self, repository: Repository, commit: str) -> str | None:
        """The configured checkout, where it has the commit; None once the mirror has it.

        Raises:
            SourceUnavailable: the commit is not to be had, or not with this token.
            Retryable: it could not be fetched now.
        """
        if not _COMMIT.match(commit):
            message = f"{commit!r} is not a commit's SHA"
            raise SourceUnavailable(message)
        if repository.checkout and _has(Path(repository.checkout).expanduser(), commit):
            return str(Path(repository.checkout).expanduser())
        mirror = self._folder / f"{repository.name}.git"
        if not holds(mirror, commit):
            self._fetch(mirror, repository.name, commit)
        return None

    def _fetch(self, mirror: Path, name: str, commit: str) -> None:
        url = f"{self._base_url}/{name}.git"
        self._prepare(mirror, url)
        command = (
            *("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"),
            *("--depth=1", "--filter=blob:none", "origin", f"{commit}:{_reference(commit)}"),
        )
        try:
            git(mirror, command, access(url, self._token()), self._seconds)
        except Retryable as error:
            said = str(error)
            if _GONE.search(said):
                message = f"commit {commit[:12]} of {name} exists no more on GitHub: {said}"
                raise SourceUnavailable(message) from error
            if _REFUSED.search(said):
                message = (
                    f"{name} cannot be read: {said}; the token must be allowed to read its code (`Contents: read`)"
                )
                raise SourceUnavailable(message) from error
            raise

    def _prepare(self, mirror: Path, url: str) -> None:
        """An empty partial repository. Repeating this after a kill mends what is missing."""
        plain = access(url, None)
        mirror.mkdir(parents=True, exist_ok=True)
        git(mirror, ("init", "--quiet", "--bare", "--template=", str(mirror)), plain, _LOCAL_SECONDS)
        for name, value in {
            "core.repositoryFormatVersion": "1",
            "extensions.partialClone": "origin",
            "remote.origin.url": url,
            "remote.origin.promisor": "true",
            "remote.origin.partialCloneFilter": "blob:none",
            "secaid.api": self._api_url,
        }.items():
            git(mirror, ("config", name, value), plain, _LOCAL_SECONDS)


def clone_base(api_url: str) -> str:
    """`https://api.github.com` → `https://github.com`; `https://HOST/api/v3` → `https://HOST`."""
    parts = urllib.parse.urlsplit(api_url)
    return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"


def holds(mirror: Path, commit: str) -> bool:
    """Whether the mirror has the scanned commit; asks nobody else."""
    if not (mirror / "HEAD").is_file():
        return False
    return _succeeds(mirror, ("show-ref", "--verify", "--quiet", _reference(commit)))


def blob_access(mirror: Path) -> dict[str, str]:
    """Git's environment for reading the mirror: with the token that fetches the blobs it lacks.

    Raises:
        SourceUnavailable: it is no mirror of secaid's.
        Unavailable: the keychain does not open.
    """
    plain = access("", None)
    try:
        url = git(mirror, ("config", "remote.origin.url"), plain, _LOCAL_SECONDS).strip()
        api_url = git(mirror, ("config", "secaid.api"), plain, _LOCAL_SECONDS).strip()
    except Retryable as error:
        message = f"{mirror} is no mirror of secaid's: delete it, and the poller makes it anew"
        raise SourceUnavailable(message) from error
    token = find_token(api_url) if url.startswith("https://") else None
    return access(url, token.value if token else None)


def access(url: str, token: str | None) -> dict[str, str]:
    """Git's environment for one remote: bounded, without a prompt, with the token for this host alone."""
    scheme, host, *_ = urllib.parse.urlsplit(url)
    configured = dict(_SETTINGS)
    if scheme:
        configured[f"protocol.{scheme}.allow"] = "always"
    if token and scheme == "https":
        basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        configured[f"http.https://{host}/.extraHeader"] = f"Authorization: Basic {basic}"
    variables = {name: value for name, value in environment().items() if not _OTHER_REPOSITORY.match(name)}
    variables |= {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "GIT_CONFIG_COUNT": str(len(configured))}
    for number, (name, value) in enumerate(configured.items()):
        variables |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


def _reference(commit: str) -> str:
    return f"refs/scanned/{commit}"


def _has(checkout: Path, commit: str) -> bool:
    """Without asking its remotes: no protocol is allowed."""
    return _succeeds(checkout, ("cat-file", "-e", f"{commit}^{{commit}}"))


def _succeeds(repository: Path, arguments: Sequence[str]) -> bool:
    try:
        git(repository, arguments, access("", None), _LOCAL_SECONDS)
    except Retryable:
        return False
    return True


def git(repository: Path, arguments: Sequence[str], variables: Mapping[str, str], seconds: float) -> str:
    """What git prints, started there with `access`'s variables. Nothing that it started outlives it.

    Raises:
        SourceUnavailable: git is not installed.
        Retryable: it failed, or took longer than `seconds`; the message holds what it said.
    """
    try:
        process = subprocess.Popen(
            ["git", "-C", str(repository), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(variables),
            start_new_session=True,
        )
    except FileNotFoundError as error:
        message = "git is not installed: install it, so that secaid can read the scanned commits"
        raise SourceUnavailable(message) from error
    with process:
        try:
            out, said = process.communicate(timeout=seconds)
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            message = f"git {arguments[0]} takes longer than {seconds:.0f} s"
            raise Retryable(message) from error
    if process.returncode:
        text = " / ".join(said[-_MOST_SAID:].decode("utf-8", "replace").split("\n")).strip(" /")
        message = mask(f"git {arguments[0]}: {text or f'exit {process.returncode}'}")
        raise Retryable(message)
    return out.decode("utf-8", "replace")

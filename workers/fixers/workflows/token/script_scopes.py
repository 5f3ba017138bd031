"""Which token scopes a script of a shell uses: `git`, `gh`, registries, and GitHub's API."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.fixers.workflows.model import EXPRESSION
from workers.source import clones, pushing

PUSHES = re.compile(r"\bgit\s+(?:-[cC]\s+\S+\s+|-\S+\s+)*push\b(?![^\n]*--dry-run)")
_COMMANDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (PUSHES, "contents:write"),
    (pushing.TOOLS, "contents:write"),
    (re.compile(r"\b(?:npx\s+|yarn\s+|pnpm\s+(?:exec\s+|dlx\s+)?)?semantic-release\b(?!\s*-)"),
     "contents:write issues:write pull-requests:write"),
    (re.compile(r"\bgoreleaser\s+release\b(?![^\n]*--snapshot)"), "contents:write"),
    (re.compile(r"\b(?:docker|podman|nerdctl|buildah)\s+(?:image\s+|manifest\s+)?push\s+\S*ghcr\.io"),
     "packages:write"),
    (re.compile(r"\bhelm\s+push\b[^\n]*ghcr\.io|\b(?:oras|crane)\s+(?:push|copy|tag)\b[^\n]*ghcr\.io"),
     "packages:write"),
    (re.compile(r"nuget\s+push\b[^\n]*nuget\.pkg\.github\.com"), "packages:write"),
    (re.compile(r"\bnpm\s+publish\b[^\n]*(?:--provenance|npm\.pkg\.github\.com)"), "id-token:write packages:write"),
    (re.compile(r"\bcosign\s+(?:sign|attest)\b(?![^\n]*--key)"), "id-token:write"),
)  # fmt: skip
_GH = re.compile(
    r"(?:^|[\s;|&(`!]|\$\()gh(?:\s+(?:--repo|-R)[=\s]+(?:\"[^\"\n]*\"|'[^'\n]*'|\$\{\{[^}\n]*\}\}|[^\s\"'$]\S*|\$\w+))*"
    r"\s+(?P<group>[a-z-]+)(?:\s+(?P<verb>[a-z-]+))?(?=(?P<rest>[^\n]*))",
    re.MULTILINE,
)
"""A call of `gh`, also where the repository is named before the command; what stands behind it may hold another."""
_GH_WRITES = {
    "release": ("contents", "create upload edit delete delete-asset"),
    "issue": ("issues", "create comment close edit reopen delete lock unlock pin unpin transfer develop"),
    "label": ("issues", "create edit delete clone"),
    "workflow": ("actions", "run enable disable"),
    "run": ("actions", "cancel rerun delete"),
    "cache": ("actions", "delete"),
    "variable": ("actions", "set delete"),
}
_GH_READS = {"release": "contents", "issue": "issues", "label": "issues", "workflow": "actions", "run": "actions",
             "cache": "actions", "repo": "contents", "pr": "pull-requests", "variable": "actions"}  # fmt: skip
_GH_NOTHING = frozenset(
    ("auth", "config", "version", "extension", "help", "alias", "completion", "status", "--version")
)
_PR_WRITES = frozenset(("create", "edit", "comment", "review", "close", "reopen", "ready", "lock", "unlock"))
_HTTP = re.compile(r"\b(?:curl|wget|http|Invoke-RestMethod|Invoke-WebRequest|urllib|requests|fetch)\b"
                   r"[^\n]*(?:\\\n[^\n]*)*"
                   r"(?:api\.github\.com|GITHUB_API_URL|github\.api_url|uploads\.github\.com)")  # fmt: skip
_WRITES_BY_HTTP = re.compile(
    r"-X\s*['\"]?(?:POST|PUT|PATCH|DELETE)|--request|--data|\s-d\s|-Method|--json|\s-F\s"
    r"|\.(?:post|put|patch|delete)\(|\bmethod['\"]?\s*[=:]"
)


class Opaque(Exception):
    """What a script does with the token cannot be read from it; the message says what."""


def of_shell(script: str) -> Iterator[str]:
    """`scope:level` words of a shell script.

    Raises:
        Opaque: it calls GitHub's API in a way whose scope its text does not say.
    """
    plain = re.sub(r"^\s*#[^\n]*", "", script, flags=re.MULTILINE).replace("\\\n", " ")
    home = clones.without_own(plain)
    for pattern, words in _COMMANDS:
        if pattern.search(home if pattern in (PUSHES, pushing.TOOLS) else plain):
            yield from words.split()
    for match in _GH.finditer(plain):
        yield from _gh(match["group"], match["verb"] or "", match["rest"])
    calls = [*_HTTP.finditer(script)]
    if calls and _WRITES_BY_HTTP.search(plain):
        message = "a script calls GitHub's API itself"
        raise Opaque(message)
    for call in calls:
        path = re.split(r"[\s|;)]", EXPRESSION.sub("x", script[call.end() :]), maxsplit=1)[0]
        asked = [f"{scope}:read" for pattern, scope in _API_PATHS if pattern.search(path)]
        yield from asked or ("contents:read", "pull-requests:read", "issues:read")


def _gh(group: str, verb: str, rest: str) -> Iterator[str]:
    if group in _GH_NOTHING:
        return
    if group == "pr":
        yield from _gh_pr(verb)
    elif group == "api":
        yield from _gh_api(f"{verb}{rest}")
    elif group == "attestation":
        yield "attestations:read"
    elif group in _GH_WRITES and verb in _GH_WRITES[group][1].split():
        yield f"{_GH_WRITES[group][0]}:write"
    elif group in _GH_READS and not (group == "repo" and verb in ("delete", "edit", "sync", "rename", "archive")):
        yield f"{_GH_READS[group]}:read"
    elif (group, verb) == ("repo", "sync"):
        yield "contents:write"
    else:
        message = f"which scope `gh {group} {verb}`".rstrip() + " needs is not known here"
        raise Opaque(message)


def _gh_pr(verb: str) -> Iterator[str]:
    if verb in ("merge", "update-branch", "create"):
        yield from ("contents:write", "pull-requests:write")
    elif verb in _PR_WRITES:
        # `gh pr edit --add-label` and comments are calls of the issues API on a pull request.
        yield "pull-requests:write"
    elif verb == "checks":
        yield from ("pull-requests:read", "checks:read", "statuses:read")
    else:
        yield "pull-requests:read"


_API_PATHS = (
    (re.compile(r"/(?:releases|contents|git|commits|branches|tags|compare|dispatches|merges)\b"), "contents"),
    (re.compile(r"/pulls\b"), "pull-requests"),
    (re.compile(r"/(?:issues|labels|milestones)\b"), "issues"),
    (re.compile(r"/actions\b"), "actions"),
    (re.compile(r"/check-(?:runs|suites)\b"), "checks"),
    (re.compile(r"/statuses\b"), "statuses"),
    (re.compile(r"/packages\b"), "packages"),
    (re.compile(r"/pages\b"), "pages"),
    (re.compile(r"/deployments\b"), "deployments"),
    (re.compile(r"/(?:code-scanning|security-advisories|dependabot)\b"), "security-events"),
)


def _gh_api(call: str) -> Iterator[str]:
    if "graphql" in call:
        message = "`gh api graphql` needs scopes that its query decides"
        raise Opaque(message)
    writes = re.search(r"(?:-X|--method)[ =]*(?!GET\b)[A-Z]+|(?:^|\s)(?:-f|-F|--field|--raw-field|--input)\b", call)
    reads = re.search(r"(?:-X|--method)[ =]*GET\b", call)
    level = "write" if writes and not reads else "read"
    scope = next((scope for pattern, scope in _API_PATHS if pattern.search(call)), None)
    if scope is None:
        if level == "read":
            yield "contents:read"
            return
        message = f"the scope of `gh api {call.strip()[:60]}` is not known here"
        raise Opaque(message)
    yield f"{scope}:{level}"
    if scope == "issues" and level == "write":
        yield "pull-requests:write"

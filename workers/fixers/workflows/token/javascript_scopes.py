"""Which token scopes a script of actions/github-script uses, with the files of the repository that it requires."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from workers.fixers.workflows.model import EXPRESSION
from workers.fixers.workflows.token.script_scopes import Opaque
from workers.source.tree import SourceTree, has, text_of

_API_METHODS = (
    (re.compile(r"\b(?:rest\.)?issues\.(?:list|get|check)\w*\b"), "issues:read pull-requests:read"),
    (re.compile(r"\b(?:rest\.)?issues\.\w+"), "issues:write pull-requests:write"),
    (re.compile(r"\b(?:rest\.)?pulls\.(?:list|get|check)\w*\b"), "pull-requests:read"),
    (re.compile(r"\b(?:rest\.)?pulls\.merge\b"), "contents:write pull-requests:write"),
    (re.compile(r"\b(?:rest\.)?pulls\.\w+"), "pull-requests:write"),
    (re.compile(r"\b(?:rest\.)?reactions\.create\w*"), "issues:write pull-requests:write"),
    (re.compile(r"\b(?:rest\.)?repos\.createCommitStatus\b"), "statuses:write"),
    (re.compile(r"\b(?:rest\.)?repos\.(?:getCombinedStatus|listCommitStatuses)\w*"), "statuses:read"),
    (re.compile(r"\b(?:rest\.)?repos\.(?:createDeployment|deleteDeployment)\w*"), "deployments:write"),
    (re.compile(r"\b(?:rest\.)?repos\.(?:list|get)Deployment\w*"), "deployments:read"),
    (re.compile(r"\b(?:rest\.)?repos\.(?:list|get|compare|check|download)\w*\b"), "contents:read"),
    (re.compile(r"\b(?:rest\.)?repos\.(?:create(?:Release|OrUpdateFile|DispatchEvent)|updateRelease|uploadRelease|"
                r"deleteRelease|merge|generateReleaseNotes)\w*"), "contents:write"),
    (re.compile(r"\b(?:rest\.)?git\.(?:get|list)\w+"), "contents:read"),
    (re.compile(r"\b(?:rest\.)?git\.\w+"), "contents:write"),
    (re.compile(r"\b(?:rest\.)?checks\.(?:list|get)\w*"), "checks:read"),
    (re.compile(r"\b(?:rest\.)?checks\.\w+"), "checks:write"),
    (re.compile(r"\b(?:rest\.)?actions\.(?:list|get|download)\w*"), "actions:read"),
    (re.compile(r"\b(?:rest\.)?actions\.\w+"), "actions:write"),
    (re.compile(r"paginate\.iterator"), ""),
    (re.compile(r"\b(?:rest\.)?(?:search|users|rateLimit|meta|emojis|licenses)\.\w+"), ""),
)  # fmt: skip
_API_CALL = re.compile(r"\b(?:github|octokit)\.(?P<name>(?:rest\.)?[a-z]\w*\.\w+)\b")
_COMMENT = re.compile(r"^\s*//[^\n]*", re.MULTILINE)
_API_OPAQUE = re.compile(r"\b(?:github|octokit)\s*(?:\.(?:graphql|request|hook|auth)\b|\[)")
_STRINGS = re.compile(r"'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"")
_HANDED_ON = re.compile(r"(?<![\w.$/@-])(?:github|octokit)\b(?!\s*[.:\[]|[/-])")
"""The client itself, as a value that gets another name."""
_ANOTHER_CLIENT = re.compile(r"@octokit/|\bgetOctokit\b|\bnew\s+Octokit\b|api\.github\.com|GITHUB_API_URL")
_OTHER_FILE = re.compile(
    r"\b(?:require|import)\s*\((?!\s*(?P<quote>['\"`])(?:node:)?(?:@[\w-]+/)?[A-Za-z][\w-]*(?:/[\w-]+)*(?P=quote))"
)
"""What is no package is a file, and may do anything with the client that it is handed."""
_ROOT = r"(?:\./|\$\{\{\s*github\.workspace\s*\}\}/|\$\{process\.env\.GITHUB_WORKSPACE\}/)"
_LOCAL = re.compile(rf"\b(?:require|import)\s*\(\s*(?P<quote>['\"`]){_ROOT}(?P<path>[\w@./-]+)(?P=quote)\s*\)")
"""A file of the repository, as a script names it from the workspace."""
_BESIDE = re.compile(
    r"\b(?:(?:require|import)\s*\(\s*|(?:from|import)\s+)(?P<quote>['\"])(?P<path>[^'\"\n]+)(?P=quote)"
)
_NO_CLIENT = re.compile(
    r"(?:node:)?(?:assert|buffer|crypto|events|fs|fs/promises|os|path|process|querystring|readline|stream|url|util|zlib)"
    r"|@actions/(?:core|io|glob)"
)
"""Packages that call nobody."""
_BLOCK_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_UNSAID = re.compile(
    r"\.(?:graphql|request|hook)\s*[(.`]|\.rest\b(?!\.\w+\.\w+)|(?<!\.)\brest\s*[,}](?=[^;\n]*=)|\.(?:rest|octokit|github)\s*\["
)
"""Calls whose scope the text does not say, and namespaces of the client under names of their own."""
_ANY_CALL = re.compile(
    r"\.rest\.(?P<rest>[a-z]\w*\.\w+)|[\w$]\.(?P<name>(?:issues|pulls|repos|git|checks|actions|reactions|teams|orgs|projects"
    r"|packages|activity|gists|apps|search|users|codeScanning|dependabot|secretScanning)\.[a-z]\w*)\s*[(,)]"
)
_MOST_FILES = 40


def of_javascript(script: str, tree: SourceTree) -> Iterator[str]:
    """`scope:level` words of a script of actions/github-script, and of what it requires of the repository.

    Raises:
        Opaque: it calls the API by path, by GraphQL, by what is not in the tree, or a method that is not known here.
    """
    script = _COMMENT.sub("", script)
    if files := _required(script, tree):
        yield from _by_any_name([EXPRESSION.sub(".", _LOCAL.sub("required", script)), *files.values()])
        return
    script = EXPRESSION.sub(".", script)
    if _API_OPAQUE.search(script) or _OTHER_FILE.search(script):
        message = "a script of github-script calls GitHub's API by path, by GraphQL or from another file"
        raise Opaque(message)
    if _ANOTHER_CLIENT.search(script) or _HANDED_ON.search(_STRINGS.sub("''", script)):
        message = "a script of github-script calls GitHub's API by another client, or by another name of its own"
        raise Opaque(message)
    for match in _API_CALL.finditer(script):
        yield from _scopes(match["name"])


def with_required(script: str, tree: SourceTree) -> str:
    """The script and the files that it requires, as far as they are in the tree."""
    try:
        return "\n".join((script, *_required(script, tree).values()))
    except Opaque:
        return script


def _required(script: str, tree: SourceTree) -> dict[str, str]:
    """Path → text, without comments, of the files that a script requires, and of those that they require."""
    wanted = [posixpath.normpath(match["path"]) for match in _LOCAL.finditer(script)]
    found: dict[str, str] = {}
    while wanted:
        name = wanted.pop()
        endings = ("", ".js", ".cjs", ".mjs", ".json", "/index.js")
        path = next((f"{name}{ending}" for ending in endings if has(tree, f"{name}{ending}")), None)
        if path is None or len(found) > _MOST_FILES:
            message = f"`{name}`, which a script of github-script requires, is not in the tree"
            raise Opaque(message)
        if path in found or path.endswith(".json"):
            continue
        found[path] = _COMMENT.sub("", _BLOCK_COMMENT.sub("", text_of(tree, path)))
        for match in _BESIDE.finditer(found[path]):
            if match["path"].startswith("."):
                wanted.append(posixpath.normpath(posixpath.join(posixpath.dirname(path), match["path"])))
            elif not _NO_CLIENT.fullmatch(match["path"]):
                message = f"{path} requires {match['path']}, which may call GitHub as well"
                raise Opaque(message)
    return found


def _by_any_name(texts: list[str]) -> Iterator[str]:
    """What files call that are handed the client, whatever they call it."""
    if any(_UNSAID.search(text) or _ANOTHER_CLIENT.search(text) for text in texts) or _OTHER_FILE.search(texts[0]):
        message = "a file that a script of github-script requires calls GitHub's API by path, by GraphQL or by parts"
        raise Opaque(message)
    for text in texts:
        for match in _ANY_CALL.finditer(text):
            yield from _scopes(match["rest"] or match["name"])


def _scopes(name: str) -> list[str]:
    words = next((words for pattern, words in _API_METHODS if pattern.fullmatch(name)), None)
    if words is None:
        message = f"the scope of `{name}` in a script of github-script is not known here"
        raise Opaque(message)
    return words.split()

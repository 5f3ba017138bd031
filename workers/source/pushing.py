"""Who uses git's credentials in a script without saying `git`: tools, programs, and tasks by what they are called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from workers.source.ran import Ran

TOOLS = re.compile(
    r"\bmkdocs\s+gh-deploy\b|\bmike\s+(?:deploy|delete|set-default)\b[^\n]*--push"
    r"|\bgh-pages\s+-\S|\b(?:npx|bunx|dlx|exec)\s+(?:--?\S+\s+)*gh-pages\b|\bghp-import\s+[^\n]*(?:-\w*p\b|--push)"
    r"|\bdocusaurus\s+deploy\b|\b(?:angular-cli-ghpages|ngh)\s+-\S|\bnpx\s+(?:--?\S+\s+)*angular-cli-ghpages\b|\bng\s+deploy\b"
    r"|\blerna\s+(?:publish(?!\s+from-)|version)\b(?![^\n]*--(?:no-push|no-git-tag-version))|\brelease-it\b"
    r"|\bcargo[ -]release\b|\brelease:(?:prepare|perform)\b|\bscm-publish:|\bgitflow:|\bgit\s+flow\b|\brake\s+release\b"
    r"|\bnx\s+release\b|\bsbt\b[^\n;|&]*[ \"'/](?:release|ghpagesPushSite|publishMicrosite)\b"
)
"""They push what they made by git, with whatever credentials it has."""
_SAYS = re.compile(
    r"\bgit\s+(?:-[cC]\s+\S+\s+|--?[a-z]\S*\s+)*(?P<verb>push|pull|fetch|ls-remote"
    r"|remote\s+update|submodule\s+(?:update|add)|lfs\s+(?:pull|push|fetch))\b"
)
_LISTED = (
    re.compile(r"""["']git["']\s*,\s*\[?\s*(?:[^,\]\n]+,\s*)*?["'](?P<verb>push|fetch|pull|ls-remote)["']"""),
    re.compile(r"""\b(?:import\s+git|from\s+git\s+import)\b[\s\S]*?\.(?P<verb>push|pull|fetch)\("""),
    re.compile(r"""\bgit\(\s*\[?\s*["'](?P<verb>push|fetch|pull|ls-remote)["']"""),
    re.compile(r"""\b(?:simple-git|simpleGit|nodegit|isomorphic-git|ghpages|gh-pages)\b[\s\S]*?\.(?P<verb>push\w*|publish)\("""),
)  # fmt: skip
"""Git called by a program: with a list of arguments, by a function of that name, or through a library."""
_CLONES = re.compile(r"""\bgit\s+clone\b|["']clone["']|\bclone_from\b""")
"""What else such a program asks git for, it may ask in its own clone."""
_WORD = re.compile(r"release|publish|deploy(?!ment)|(?<![a-z])tag(?![a-z])|bump|push|gh-?pages")
_IMAGE = re.compile(r"docker|image|container|chart|registry|push-?gateway", re.IGNORECASE)
_BUILDS = re.compile(
    r"[:\"']*(?:\w+:)*(?:pre|post)?(?:build|assemble|bundle|compile|check|lint|pack|test)", re.IGNORECASE
)
_RUNNER = re.compile(
    r"(?<![\w./-])(?P<runner>make|just|task|npm\s+run|yarn(?:\s+run)?|pnpm(?:\s+run)?|bun\s+run|deno\s+task|(?:\./)?gradlew"
    r"|gradle|rake|invoke|inv|nox\s+-s|tox\s+-e|(?:hatch|pdm|rye)\s+run|poe|composer|cargo\s+xtask|mage)[ \t]+"
    r"(?P<rest>[^\n;|&]*)"
)
_OF_GRADLE = re.compile(
    r"(?:\w*:)*(?:release|final|candidate|createRelease|pushRelease|gitPublish\w*|publishGhPages|tag\w*|bump\w*)"
)
"""Its other tasks that publish do so to a registry of packages."""
_OPTION = re.compile(r"(?<!\S)--?[\w-]+(?:[= \t]+\S+)?|(?<!\S)\w+=\S*")
"""An option with its value: `--mode release` only says how something is built."""
_ELSEWHERE = re.compile(
    r"\b(?:(?:npm|pnpm|yarn|bun)\s+(?:npm\s+)?publish|changeset\s+publish|(?:cargo|poetry|uv|pdm|flit|hatch)\s+publish|twine"
    r"|nuget|gem|docker|podman|helm|oras|vsce|ovsx|web-ext|wrangler|firebase|serverless|sls|cdk|vercel|netlify|fly(?:ctl)?"
    r"|eas|sam|gcloud|aws|az|kubectl|supabase|expo|electron-builder)\b[^\n;|&]*"
)
"""What publishes to a registry or a cloud, with that one's credentials."""


def by_program(text: str) -> str | None:
    """What a program asks git for that needs credentials: `push` where it does, else `fetch` or `pull`; else none."""
    verbs = {match["verb"] for pattern in (_SAYS, *_LISTED) for match in pattern.finditer(text)}
    if any("push" in verb or verb == "publish" for verb in verbs):
        return "push"
    return next(iter(sorted(verbs)), None) if verbs and not _CLONES.search(text) else None


def by_name(script: str, every: Iterable[Ran]) -> str | None:
    """A task that may push by what it is called, and of which no text says that it does not.

    `every` is what the script runs.
    """
    every = list(every)
    known = {each.name.partition(" ")[2].removeprefix("run ") for each in every if each.text is not None}
    texts = [script, *(each.text for each in every if each.is_shell and each.text is not None)]
    for match in (match for text in texts for match in _RUNNER.finditer(_plain(text))):
        for word in _OPTION.sub("", match["rest"]).split():
            if word not in known and _may_push(match["runner"], word.strip("\"'")):
                return f"{' '.join(match['runner'].split())} {word}"
    tasks = (each for each in every if " " in each.name and each.text is not None)
    return next((each.name for each in tasks if any(map(_named_so, each.name.split())) and _does(each)), None)


def _may_push(runner: str, word: str) -> bool:
    return bool(_OF_GRADLE.fullmatch(word)) if runner.endswith(("gradle", "gradlew")) else _named_so(word)


def _named_so(word: str) -> bool:
    """Whether a word is called after what pushes; what builds, checks or tests a release does not."""
    return bool(_WORD.search(word)) and not _BUILDS.match(word) and not _IMAGE.search(word)


def _does(task: Ran) -> bool:
    """Whether the text of a task has such a word still, where all that goes elsewhere is taken out."""
    return any(map(_named_so, _OPTION.sub("", _ELSEWHERE.sub("", _plain(task.text or ""))).split()))


def _plain(script: str) -> str:
    return re.sub(r"^\s*#[^\n]*", "", script, flags=re.MULTILINE)


def programs(every: Iterable[Ran]) -> Iterator[tuple[str, str]]:
    """The programs of the tree that a script runs and that use git's credentials, with what they ask git for."""
    for each in every:
        if not each.is_shell and each.text is not None and (verb := by_program(each.text)) is not None:
            yield each.name, verb

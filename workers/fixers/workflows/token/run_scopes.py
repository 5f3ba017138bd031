"""Which token scopes a step's script uses, by its commands and by the files of the repository that it runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from workers.fixers.workflows.model import Step
from workers.fixers.workflows.token import script_scopes, tokens
from workers.fixers.workflows.token.script_scopes import Opaque
from workers.source import clones, pushing
from workers.source.ran import Ran, ran
from workers.source.tree import SourceTree

_SCRIPT_MAY_WRITE = re.compile(
    r"\b(?:semantic-release|release-it|lerna|changeset|auto\s+shipit|standard-version|np\b|cargo[- ]release"
    r"|electron-builder"
    r"|jreleaser|release:(?:prepare|perform)|git-cliff|danger|reviewdog|renovate|projen|nx\s+release|publish|deploy|release)"
)
_HARMLESS = """
    echo printf cd mkdir rm cp mv ls cat pwd export set unset true false test exit if then else elif fi for do done
    while case esac sleep date tar unzip zip chmod chown find xargs grep egrep sed awk head tail sort uniq cut tr wc tee
    jq yq node npm npx yarn pnpm bun corepack python python3 pip pip3 pipx poetry uv tox nox pytest ruby bundle gem rake
    go cargo rustup java mvn ./mvnw gradle ./gradlew dotnet php composer brew apt apt-get sudo git docker make cmake
    ninja bazel bazelisk diff source eval read local return shopt basename dirname realpath which command env mise
    pre-commit golangci-lint buf trivy zizmor hadolint actionlint terraform tofu tflint helm kubectl xcodebuild swift
    pod sha256sum shasum md5sum file nproc ulimit time timeout nohup wait kill [ [[ { } ( ) ! function gh curl wget"""
_BENIGN = frozenset(_HARMLESS.split())
"""Commands that do nothing with a token that the file does not show."""
_KNOWN_TOOLS = (
    r"(?:pytest|pip|build|venv|unittest|mypy|ruff|black|flake8|pylint|coverage|compileall|http\.server|sphinx|mkdocs"
    r"|eslint|prettier|tsc|jest|vitest|mocha|playwright|cypress|turbo|nx|vite|webpack|stylelint|markdownlint\S*|pre-commit"
    r"|python3?|node|npm|tox|nox|semantic-release|mike|gh-pages)\b"
)
_UNSEEN = re.compile(
    r"\bgo\s+run\s|\bcargo\s+(?:run|xtask)\b"
    rf"|\bpython3?\s+-m\s+(?!{_KNOWN_TOOLS})\S"
    rf"|\b(?:npx|bunx|uvx|(?:pnpm|yarn)\s+dlx|pipx\s+run|(?:uv|poetry|pdm|hatch|pipenv|rye)\s+run)\s+(?:-\S+\s+)*(?!{_KNOWN_TOOLS})"
    r"(?![\w./-]*/[\w.-]+\.\w+\b)[\w@]"
    r"|\b(?:docker|podman)\s+run\b[^\n]*\s(?:-e|--env)\b"
)
"""Programs that are neither well known nor files of the repository that are read here."""
_CALLS_GITHUB = re.compile(
    r"GITHUB_TOKEN|GH_TOKEN|GITHUB_API_URL|api\.github\.com|octokit|PyGithub|(?:from|import)\s+github3?\b|ghapi|ghp_import"
    r"|@actions/github|\bgh['\",\s]+(?:api|pr|issue|release|label|workflow|run)\b|\bgit['\",\s]+push\b",
    re.IGNORECASE,
)


def of_script(
    step: Step, env: Mapping[str, str], tree: SourceTree, handed: frozenset[str], *, own: bool, kept: bool
) -> Iterator[str]:
    """`scope:level` words of a step's script; `own` where the checkout pushes as somebody else.

    `kept` are the job's credentials, where a checkout keeps them: git sends those whatever token the step has.

    Raises:
        Opaque: it hides what it does with the job's token.
    """
    every = [*ran(step.run, step.folder, tree)]
    by_git = _by_git(step.run, every) if kept and not own else []
    if tokens.brings_own(step, env, handed):
        yield from by_git
        return
    found = [*script_scopes.of_shell(step.run), *by_git]
    if own:
        found = [word for word in found if word != "contents:write"]
    gets = tokens.has(step, env, handed)
    for each in every:
        found += _of_ran(each, gets=gets)
    texts = (step.run, *(each.text or "" for each in every if each.is_shell))
    hides = any(_SCRIPT_MAY_WRITE.search(text) for text in texts)
    given = any(tokens.is_jobs(value, handed) for value in (*tokens.environment(step.node).values(), step.run))
    unseen = _UNSEEN.search(step.run) if given else None
    if gets and (unseen or (not found and (hides or not _benign(step.run)))):
        message = f"a script gets the token and runs `{_shown(step.run[unseen.start() if unseen else 0 :])}`"
        raise Opaque(message)
    if _registry_of_github(env) and re.search(r"\bpublish|\bdeploy\b", step.run):
        found.append("packages:write")
    yield from found


def _by_git(script: str, every: list[Ran]) -> list[str]:
    """What a script needs that pushes with what checkout keeps, which git sends whatever token the script has.

    Raises:
        Opaque: it may push, by what it is called.
    """
    texts = [clones.without_own(text) for text in (script, *(each.text or "" for each in every if each.is_shell))]
    shell = any(pattern.search(text) for text in texts for pattern in (script_scopes.PUSHES, pushing.TOOLS))
    if shell or any(verb == "push" for _, verb in pushing.programs(every)):
        return ["contents:write"]
    if (name := pushing.by_name(script, every)) is not None:
        message = f"`{name}` may push with what checkout keeps, and nothing here shows whether it does"
        raise Opaque(message)
    return []


def of_pull_requests(triggers: Iterable[str], needed: Iterable[str]) -> list[str]:
    """What a script needs of pull requests too: the API of issues serves both, each with a scope of its own."""
    if not any(re.fullmatch(r"pull_request(?:_\w+)?|issue_comment", trigger) for trigger in triggers):
        return []
    return [word.replace("issues:", "pull-requests:") for word in needed if word.startswith("issues:")]


def of_issues(triggers: Iterable[str], step: Step, needed: Iterable[str]) -> list[str]:
    """What a script of github-script needs that answers the issue which started it: no pull request's rights."""
    script = step.input("script")
    answers = "context.issue" in script or "payload.issue" in script
    only = [*triggers] == ["issues"] and answers and not re.search(r"\.pulls\b|listForRepo|\.search\.", script)
    return [word for word in needed if not (only and word.startswith("pull-requests:"))]


def _of_ran(each: Ran, *, gets: bool) -> list[str]:
    """What a part of the repository uses that a step runs.

    Raises:
        Opaque: it gets the token, and is not in the tree, or calls GitHub from a language that is not read here.
    """
    if each.text is None:
        if gets and re.search(r"\.(?:sh|bash|py|[cm]?js|[cm]?ts|rb|pl|php|ps1)$", each.name):
            message = f"a script gets the token and runs {each.name}, which is not in the tree"
            raise Opaque(message)
        return []
    if each.is_shell:
        return list(script_scopes.of_shell(each.text))
    if gets and _CALLS_GITHUB.search(each.text):
        message = f"{each.name} gets the token, and calls GitHub by its own code"
        raise Opaque(message)
    return []


def _registry_of_github(env: Mapping[str, str]) -> bool:
    return any("pkg.github.com" in value for value in env.values())


def _benign(script: str) -> bool:
    plain = re.sub(r"\$\{\{.*?\}\}|'[^']*'|\"(?:\\.|[^\"\\])*\"", "x", script, flags=re.DOTALL).replace("\\\n", " ")
    commands = re.split(r"[\n;|&]+|\$\(", re.sub(r"^\s*#[^\n]*", "", plain, flags=re.MULTILINE))
    names = [re.sub(r"^(?:[A-Za-z_]\w*=\S*\s*)+", "", command.strip()).split(" ")[0] for command in commands]
    return all(not name or name in _BENIGN or re.fullmatch(r"[A-Za-z_]\w*\+?=.*", name) for name in names)


def _shown(script: str) -> str:
    return " ".join(script.split())[:50]

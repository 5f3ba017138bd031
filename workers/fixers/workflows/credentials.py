"""Whether the steps behind a checkout use the git credentials that it keeps, and how each of them could get its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from workers.fixers.workflows.model import Step, Workflow
from workers.fixers.workflows.token import composites, javascript_scopes, known_actions, tokens
from workers.source import clones, pushing
from workers.source.actions_lock import numbers
from workers.source.ran import Ran, ran
from workers.source.tree import SourceTree

CHECKOUT = "actions/checkout"
_GIT = (
    r"\bgit\s+(?:-[cC]\s+\S+\s+|--?[a-z]\S*\s+)*(?:push|pull|fetch|ls-remote"
    r"|remote\s+update|submodule\s+(?:update|add)|lfs\s+(?:pull|push|fetch))\b"
)
USES_GIT = re.compile(_GIT)
"""In the repository that was checked out: what is cloned elsewhere never saw its credentials."""
_BY_TOKEN = re.compile(r"\bsemantic-release\b")
"""It pushes with the token that it is given, and else as git does."""
OWN = re.compile(
    r"x-access-token|\bgh\s+auth\s+setup-git\b|\bgit\s+remote\s+(?:set-url|add)\b.*(?:@|\$)|https://[^\s/\"']*(?:\$\{?\w+\}?"
    r"|:\S+)@|\bgit\s+config\b[^\n]*(?:insteadOf|extraheader|credential)|GIT_ASKPASS|\.netrc|GIT_SSH_COMMAND|\bssh-add\b",
    re.IGNORECASE,
)
_PUSHING = """
    ad-m/github-push-action anothrnick/github-tag-action commitizen-tools/commitizen-action
    crazy-max/ghaction-github-pages endbug/add-and-commit mikeal/publish-to-github-action phips28/gh-action-bump-version
    py-cov-action/python-coverage-comment-action wearerequired/lint-action
    python-semantic-release/python-semantic-release relekang/python-semantic-release rickstaa/action-create-tag
    rubygems/release-gem sbt/sbt-release stefanzweifel/git-auto-commit-action sequoia-pgp/fast-forward
    tibdex/backport technote-space/create-pr-action korthout/backport-action zeebe-io/backport-action"""
PUSHING_ACTIONS = frozenset(_PUSHING.split())
_AS_CHECKED_OUT = frozenset(("changesets/action", "crowdin/github-action"))
"""They bring a token to push with, but git sends that of a checkout first; what is pushed in its name starts workflows.
"""
_FETCHING = frozenset(
    (
        "anthropics/claude-code-action",
        "artiomtr/jest-coverage-report-action",
        "dorny/paths-filter",
        "helm/chart-releaser-action",
        "step-security/changed-files",
        "tj-actions/changed-files",
        "trunk-io/trunk-action",
    )
)
"""They fetch commits that the checkout lacks, which a public repository gives to anybody."""
_RUN_GIT_HERE = {"stefanzweifel/git-auto-commit-action": 4}
"""Actions that start the runner's git in the environment of their step, since that release."""
_MAY_PUSH = re.compile(
    r"(?<!build-)push(?!-to-registry)|(?<!pre-)commit(?!lint)|(?<!^cirrus-actions/)rebase|backport|bump|cherry|fast-forward"
    r"|auto-?(?:format|fix)|sync|release-gem|gh-pages|badge|changelog|contributors|readme"
)
"""Said of actions that are not known to do without."""
_PUSH_INPUT = re.compile(
    r"(?:git[-_]?)?(?:push|commit)(?:[-_](?:changes|message|msg|user|username|author|email))?|auto[-_]?(?:commit|push)"
)
_IMAGES = re.compile(r"docker|image|build-push|bake|kaniko|buildah|podman|buildx|devcontainer")
_NAMED_SO = re.compile(r"publish|release|deploy(?!ment)|push|(?<![a-z])tag(?![a-z])|bump|gh-pages|submodule")
_MAX_DEPTH = 4
_SCRIPT_ENDINGS = (".sh", ".bash", ".py", ".js", ".mjs", ".ts", ".rb", ".pl")
_OWN_INPUTS = ("token", "github_token", "github-token", "ssh-key", "push_token", "repo-token", "personal_token")


@dataclass(frozen=True)
class User:
    """A step that uses the credentials."""

    step: Step
    what: str
    script: bool
    """It is a `run`, which can be given a token of its own."""
    steps: bool = False
    """It is an action whose scripts see the environment of the step: the repository's own, or one known for it."""
    seen: bool = True
    """That it uses them can be read, and is not only in its name."""


def keeps(step: Step) -> bool:
    """Whether a checkout leaves its credentials behind."""
    return step.action == CHECKOUT and step.input("persist-credentials").strip().lower() != "false"


def users(workflow: Workflow, checkout: Step, tree: SourceTree) -> list[User]:
    """The steps behind a checkout that use what it keeps; another keeping checkout in the same place takes over."""
    steps = workflow.steps_of(checkout.job) if checkout.job else workflow.steps
    found = []
    for step in steps[steps.index(checkout) + 1 :] if checkout in steps else ():
        if keeps(step) and step.input("path") == checkout.input("path"):
            break
        script = "\n".join((step.run, *_values(step)))
        if OWN.search(script) or step.action == "webfactory/ssh-agent":
            if step.run and not re.search(r"gh\s+auth\s+setup-git|git\s+config|remote", step.run):
                continue
            break
        user = _uses(step, tree)
        if user is None and step.action in _AS_CHECKED_OUT and tokens.OWN.search(checkout.input("token")):
            user = User(step, step.action, script=False)
        if user is None and _shares(checkout, step):
            user = User(step, step.action, script=False, seen=False)
        if user is not None:
            found.append(user)
    return found


def _shares(checkout: Step, step: Step) -> bool:
    """Whether an action that is not known here gets the very secret that the checkout was made with: what for, if not
    to push what it changes, is not told.
    """
    secret = tokens.OWN.search(checkout.input("token"))
    if secret is None or not step.uses or step.uses.startswith(("./", "$/", "docker://")):
        return False
    return known_actions.needs(step.action) is None and any(secret[0] in each for each in tokens.inputs(step).values())


def pushes_by_input(step: Step) -> bool:
    """Whether an input has an action commit or push, as its name says; that of an image is no push of git's."""
    given = step.node.child("with")
    entries = given.entries if given is not None and not _IMAGES.search(step.action) else []
    said = {key.value.lower(): value.value.strip().lower() for key, value in entries}
    return any(_PUSH_INPUT.fullmatch(name) and value not in ("", "false", "no") for name, value in said.items())


def doubts(workflow: Workflow, checkout: Step, tree: SourceTree) -> Iterator[str]:
    """What cannot be seen here, of a checkout that nothing seems to need the credentials of; as sentences."""
    if checkout.input("filter"):
        yield (
            f"the checkout is partial (filter: {checkout.input('filter')}): git fetches what it lacks when it is asked "
            "for, which needs credentials in a private repository"
        )
    steps = workflow.steps_of(checkout.job) if checkout.job else workflow.steps
    for step in steps[steps.index(checkout) + 1 :] if checkout in steps else ():
        if step.action in _FETCHING:
            yield f"{step.action} fetches what the checkout lacks, which needs credentials in a private repository"
        for each in ran(step.run, step.folder, tree):
            if each.text is None and each.name.endswith(_SCRIPT_ENDINGS):
                yield f"`{each.name}` is not in this tree: it is taken not to use git's credentials"


def _values(step: Step) -> Iterator[str]:
    env = step.node.child("env")
    yield from (value.value for _, value in env.entries) if env is not None else ()


def _uses(step: Step, tree: SourceTree) -> User | None:
    match = _in_shell(step.run) or (_BY_TOKEN.search(_plain(step.run)) if not _gives_token(step) else None)
    if match is not None:
        return User(step, f"`{' '.join(match[0].split())[:60]}`", script=True)
    every = [*ran(step.run, step.folder, tree)]
    for each in every:
        if _by_file(each):
            return User(step, f"`{each.name}`", script=True, seen=each.text is not None)
    if (name := pushing.by_name(step.run, every)) is not None:
        return User(step, f"`{name}`", script=True, seen=False)
    if step.action == "actions/github-script":
        verb = pushing.by_program(javascript_scopes.with_required(step.input("script"), tree))
        return User(step, f"`git {verb}` of a script of github-script", script=False, steps=True) if verb else None
    return _action(step, tree) if step.uses else None


def _gives_token(step: Step) -> bool:
    """Whether the step or its job has a variable in which tools look for a token of GitHub's."""
    nodes = (step.node, step.job.node) if step.job is not None else (step.node,)
    names = {name for node in nodes if (env := node.child("env")) is not None for name in env.keys()}  # noqa: SIM118
    return not names.isdisjoint(("GITHUB_TOKEN", "GH_TOKEN"))


def _plain(script: str) -> str:
    return re.sub(r"^\s*#[^\n]*", "", script, flags=re.MULTILINE)


def _in_shell(script: str) -> re.Match[str] | None:
    plain = _plain(script)
    return USES_GIT.search(clones.at_home(plain)) or pushing.TOOLS.search(plain)


def _by_file(each: Ran) -> bool:
    """Whether what a script runs uses git; a file that is not in the tree may, where its name says so."""
    if each.text is None:
        return bool(_NAMED_SO.search(each.name))
    if each.is_shell:
        return _in_shell(each.text) is not None
    return pushing.by_program(each.text) is not None


def _action(step: Step, tree: SourceTree) -> User | None:
    given = step.node.child("with")
    names = {key.value.lower() for key, _ in given.entries} if given is not None else set()
    if step.uses.startswith(("./", "$/")):
        used = _used_by_local(step.uses, tree)
        scripts = _only_scripts(step.uses, tree)
        return User(step, step.uses, script=False, steps=scripts, seen=True in used) if used else None
    known = known_actions.needs(step.action)
    named = _MAY_PUSH.search(step.action) and not step.action.startswith("docker/")
    may = (named and (known is None or "contents:write" in known)) or known_actions.pushes(step.action)
    may = may or pushes_by_input(step)
    if step.action in PUSHING_ACTIONS or may:
        own = not names.isdisjoint(_OWN_INPUTS)
        if own and step.action not in PUSHING_ACTIONS:
            return None
        return User(step, step.action, script=False, steps=step.action in _RUN_GIT_HERE and not _in_image(step))
    return None


def _in_image(step: Step) -> bool:
    """Whether the release is one that ran in an image of its own, where a step's environment says nothing to git."""
    version = numbers(step.uses.partition("@")[2])
    return bool(version) and version[0] < _RUN_GIT_HERE[step.action]


def _used_by_local(uses: str, tree: SourceTree, depth: int = 0) -> list[bool]:
    """For each step of a local action that uses git, whether that can be read; of one that is missing it cannot."""
    action = composites.read(tree, composites.definitions(uses))
    return [False] if action is None else [seen for step in action.steps for seen in _used_by(step, tree, depth)]


def _only_scripts(uses: str, tree: SourceTree) -> bool:
    """Whether all that uses git in a local action is its own scripts."""
    action = composites.read(tree, composites.definitions(uses))
    return action is not None and all(step.run or not _used_by(step, tree, 0) for step in action.steps)


def _used_by(step: Step, tree: SourceTree, depth: int) -> list[bool]:
    if step.uses.startswith(("./", "$/")):
        return [False] if depth >= _MAX_DEPTH else _used_by_local(step.uses, tree, depth + 1)
    user = _uses(step, tree)
    return [user.seen] if user is not None else []

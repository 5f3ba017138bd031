"""Which scopes of the token a job needs: a job, and the tree it runs in → scopes, or the step that hides its needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from daemon.errors import SourceUnavailable
from workers.fixers.registry import NoFix
from workers.fixers.workflows import actions_lock, known_actions, script_scopes
from workers.fixers.workflows.model import Job, Step, Workflow
from workers.fixers.workflows.script_scopes import Opaque
from workers.source import whose, yamldoc
from workers.source.tree import SourceTree
from workers.source.yamldoc import Node

Scopes = dict[str, str]
"""Scope → `read` or `write`."""

ALL = ("actions", "attestations", "checks", "contents", "deployments", "discussions", "id-token", "issues", "models",
       "packages", "pages", "pull-requests", "repository-projects", "security-events", "statuses")  # fmt: skip
_MAX_DEPTH = 4
_GITHUB_TOKEN = re.compile(r"\bsecrets\.GITHUB_TOKEN\b|\bgithub\.token\b", re.IGNORECASE)
_OWN_TOKEN = re.compile(r"\bsecrets\.(?!GITHUB_TOKEN\b)\w+|\bsteps\.[\w-]+\.outputs\.[\w-]*token\b", re.IGNORECASE)
_TOKEN_INPUT = re.compile(r"(?:^|[-_])(?:token|pat|auth|access[-_]token)$|^(?:token|github_token)", re.IGNORECASE)
_MAY_WRITE = re.compile(
    r"release|publish|deploy|comment|label|issue|pull|merge|push|commit|assign|stale|approve|\btag|bump"
    r"|changelog|page|status|check|report|annotat|review|sarif|attest|packages|registry|delete|clean|prune|dispatch"
    r"|sync|bot\b|backport|cherry|rebase|badge|coverage|wiki|project|milestone|welcome|greet|semantic|lock"
    r"|rerun|cancel|dependabot|scan|audit|upload|upgrade|update|gist|\bpr[-_]|[-_]pr\b|rtd|triage|close",
    re.IGNORECASE,
)
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
_PUSHES_IMAGE = re.compile(
    r"\b(?:docker|podman|buildah|oras|helm|crane|ko|skopeo)\b[^\n]*\b(?:push|copy|build|publish|resolve|create)\b"
)
_LOCAL_SCRIPT = re.compile(r"(?<![\w/.$-])(?:\./|bash\s+|sh\s+|python3?\s+|node\s+)(?P<path>[\w][\w./-]*\.\w+)")


@dataclass(frozen=True)
class Needs:
    """What a job needs."""

    scopes: Mapping[str, str]
    hidden: tuple[str, ...] = ()
    """What its needs cannot be read from, as sentences."""
    assumed: tuple[str, ...] = ()
    """Actions that are not known here, and by all that they are given only read."""


def of_job(workflow: Workflow, job: Job, tree: SourceTree) -> Needs:
    """The scopes that a job uses, and what hides others."""
    if job.uses:
        return _of_callee(job.uses, tree, 0)
    return _of_steps(workflow, job, workflow.steps_of(job), tree, 0)


def certain(workflow: Workflow, job: Job, tree: SourceTree) -> Scopes:
    """The scopes that a job needs.

    Raises:
        NoFix: something in it hides what it needs.
    """
    found = of_job(workflow, job, tree)
    if found.hidden:
        message = f"what job {job.name} needs of the token cannot be told: {found.hidden[0]}"
        raise NoFix(message)
    return dict(found.scopes)


def union(words: Iterable[str]) -> Scopes:
    """`scope:level` words as scopes, the higher level of each."""
    found: Scopes = {}
    for word in words:
        scope, _, level = word.partition(":")
        if found.get(scope) != "write":
            found[scope] = level
    return dict(sorted(found.items()))


def words(scopes: Mapping[str, str]) -> list[str]:
    """Scopes as `scope:level` words."""
    return [f"{scope}:{level}" for scope, level in scopes.items() if level in ("read", "write")]


def granted(node: Node | None) -> Scopes | None:
    """What a `permissions` block grants; none where there is none, or it is an expression."""
    if node is None:
        return None
    if node.kind == "scalar":
        level = node.value.removesuffix("-all")
        return dict.fromkeys(ALL, level) if level in ("read", "write") else {}
    return {key.value: value.value for key, value in node.entries} if node.kind == "mapping" else None


def _of_steps(workflow: Workflow, job: Job | None, steps: Iterable[Step], tree: SourceTree, depth: int) -> Needs:
    found = ["contents:read"]
    hidden: list[str] = []
    assumed: list[str] = []
    steps = list(steps)
    around = _environment(workflow.root) | (_environment(job.node) if job else {})
    pushes_with_own = any(step.action == "actions/checkout" and _brings_own(step, {}) for step in steps)
    for step in steps:
        env = around | _environment(step.node)
        try:
            if step.run:
                found += _of_script(step, env, tree, own=pushes_with_own)
            elif step.uses:
                below = _of_action(step, env, tree, depth)
                found += words(below.scopes)
                hidden += below.hidden
                assumed += below.assumed
        except Opaque as reason:
            hidden.append(str(reason))
    if job is not None:
        found += _of_containers(workflow, job)
    scopes = union(found)
    registry = any(_logs_into_github(step, workflow) for step in steps)
    if registry:
        scopes["packages"] = "write" if any(_pushes_image(step) for step in steps) else scopes.get("packages", "read")
    return Needs(dict(sorted(scopes.items())), tuple(dict.fromkeys(hidden)), tuple(dict.fromkeys(assumed)))


def _environment(node: Node) -> dict[str, str]:
    env = node.child("env")
    return {key.value: value.value for key, value in env.entries} if env is not None else {}


def _inputs(step: Step) -> dict[str, str]:
    given = step.node.child("with")
    return {key.value.lower(): value.value for key, value in given.entries} if given is not None else {}


def _tokens(step: Step, env: Mapping[str, str]) -> list[str]:
    """The values that are tokens: inputs named so, and the variables that tools read."""
    given = [value for name, value in _inputs(step).items() if _TOKEN_INPUT.search(name)]
    return given + [value for name, value in env.items() if name.upper() in ("GITHUB_TOKEN", "GH_TOKEN", "TOKEN")]


def _brings_own(step: Step, env: Mapping[str, str]) -> bool:
    given = _tokens(step, env)
    return bool(given) and all(_OWN_TOKEN.search(value) and not _GITHUB_TOKEN.search(value) for value in given)


def _has_token(step: Step, env: Mapping[str, str]) -> bool:
    values = [*_inputs(step).values(), *env.values(), step.run]
    return any(_GITHUB_TOKEN.search(value) for value in values)


def _of_script(step: Step, env: Mapping[str, str], tree: SourceTree, *, own: bool) -> Iterator[str]:
    if _brings_own(step, env):
        return
    found = list(script_scopes.of_shell(step.run))
    if own:
        found = [word for word in found if word != "contents:write"]
    for path in _LOCAL_SCRIPT.finditer(step.run):
        found += _of_local_script(path["path"], tree)
    hides = _SCRIPT_MAY_WRITE.search(step.run)
    if _has_token(step, env) and not found and (hides is not None or not _benign(step.run)):
        message = f"a script gets the token and runs `{_shown(step.run)}`"
        raise Opaque(message)
    if _registry_of_github(env) and re.search(r"\bpublish|\bdeploy\b", step.run):
        found.append("packages:write")
    yield from found


def _of_local_script(path: str, tree: SourceTree) -> list[str]:
    try:
        text = tree.read(path).decode("utf-8", "replace")
    except SourceUnavailable:
        return []
    return list(script_scopes.of_shell(text)) if path.endswith((".sh", ".bash")) else []


def _registry_of_github(env: Mapping[str, str]) -> bool:
    return any("pkg.github.com" in value for value in env.values())


def _benign(script: str) -> bool:
    plain = re.sub(r"\$\{\{.*?\}\}|'[^']*'|\"(?:\\.|[^\"\\])*\"", "x", script, flags=re.DOTALL).replace("\\\n", " ")
    commands = re.split(r"[\n;|&]+|\$\(", re.sub(r"^\s*#[^\n]*", "", plain, flags=re.MULTILINE))
    names = [re.sub(r"^(?:[A-Za-z_]\w*=\S*\s*)+", "", command.strip()).split(" ")[0] for command in commands]
    return all(not name or name in _BENIGN or re.fullmatch(r"[A-Za-z_]\w*\+?=.*", name) for name in names)


def _shown(script: str) -> str:
    return " ".join(script.split())[:50]


def _of_action(step: Step, env: Mapping[str, str], tree: SourceTree, depth: int) -> Needs:
    if (local := _local(step.uses, tree)) is not None:
        return _of_local_action(local, tree, depth)
    if step.uses.startswith("docker://"):
        hidden = (f"{step.uses} gets the token",) if _has_token(step, env) else ()
        return Needs({}, hidden)
    special = list(_special(step))
    if _brings_own(step, env) and step.action != "actions/checkout":
        return Needs(union(special))
    if step.action == "actions/github-script":
        return Needs(union([*special, *script_scopes.of_javascript(step.input("script"))]))
    known = known_actions.needs(step.action)
    if known is not None:
        return Needs(union([*known.split(), *special]))
    if _only_prepares(step, env):
        return Needs(union(special))
    why = _why_hidden(step, env)
    return Needs(union(special), (why,) if why else (), () if why else (step.action,))


def _local(uses: str, tree: SourceTree) -> str | None:
    """The folder of an action of this repository, also where the workflow names the repository itself."""
    if uses.startswith(("./", "$/")):
        return uses
    path = whose.own_path(uses, tree)
    return f"./{path}" if path is not None else None


def _only_prepares(step: Step, env: Mapping[str, str]) -> bool:
    """Whether an action sets up a tool, or has no input that a token could come in by."""
    name = step.action.rpartition("/")[2] if step.action.count("/") < 3 else step.action.split("/", 1)[1]
    if re.search(r"(?:^|[/-])(?:setup|install)(?:[/-]|$)", name):
        return True
    known = actions_lock.known(step.action) if step.action.count("/") == 1 else None
    listed = known.inputs if known is not None else None
    return listed is not None and not any(_TOKEN_INPUT.search(one) for one in listed) and not _has_token(step, env)


def _why_hidden(step: Step, env: Mapping[str, str]) -> str | None:
    """Why an action that is not known here may need more than to read the repository."""
    if _has_token(step, env):
        return f"{step.action} gets the token, and what it does with it is not known here"
    if _MAY_WRITE.search(step.action.partition("/")[2]):
        return f"what {step.action} does with the token is not known here"
    return None


def _special(step: Step) -> Iterator[str]:
    """What an action's inputs add to its needs."""
    inputs = _inputs(step)
    if step.action in known_actions.OIDC:
        token, key = known_actions.OIDC[step.action]
        if (not token or inputs.get(token, "false") not in ("false", "")) and not (key and key in inputs):
            yield "id-token:write"
    rule = _BY_INPUT.get(step.action)
    if rule is not None:
        name, wanted, added = rule
        if re.search(wanted, inputs.get(name, "")):
            yield from added.split()


_BY_INPUT = {
    "actions/dependency-review-action": ("comment-summary-in-pr", r"always|on-failure|true", "pull-requests:write"),
    "actions/stale": ("delete-branch", "true", "contents:write"),
    "actions/configure-pages": ("enablement", "true", "pages:write"),
    "actions/download-artifact": ("run-id", r"\S", "actions:read"),
    "actions/attest-build-provenance": ("push-to-registry", "true", "packages:write"),
    "actions/attest": ("push-to-registry", "true", "packages:write"),
    "gradle/actions/setup-gradle": ("dependency-graph", r"submit", "contents:write"),
    "step-security/harden-runner": ("policy", r"\S", "id-token:write"),
}  # fmt: skip
"""Action → an input, what its value must hold, and the scopes that this adds."""


def _logs_into_github(step: Step, workflow: Workflow) -> bool:
    registry = step.input("registry")
    if step.action == "docker/login-action":
        if "${{" in registry:
            registry += workflow.doc.content.decode("utf-8", "replace") if "env." in registry else ""
        return "ghcr.io" in registry and bool(_GITHUB_TOKEN.search(step.input("password")))
    return bool(re.search(r"(?:docker|helm\s+registry|oras|buildah|podman)\s+login\b[^\n]*ghcr\.io", step.run))


def _pushes_image(step: Step) -> bool:
    if step.action in ("docker/build-push-action", "docker/bake-action", "redhat-actions/push-to-registry"):
        outputs = step.input("outputs") + step.input("set")
        return step.input("push") not in ("", "false") or "push=true" in outputs or step.action.startswith("redhat")
    pattern = (
        r"\b(?:docker|podman|buildah|oras|helm|crane|ko|skopeo)\b[^\n]*\b(?:push|copy|build|publish|resolve|create)\b"
    )
    return bool(re.search(pattern, step.run)) or "goreleaser" in step.action or "make" in step.run


def _of_containers(workflow: Workflow, job: Job) -> Iterator[str]:
    for key in ("container", "services"):
        node = job.node.child(key)
        text = workflow.doc.source(node) if node is not None else ""
        if "ghcr.io" in text and _GITHUB_TOKEN.search(text):
            yield "packages:read"


def _of_local_action(uses: str, tree: SourceTree, depth: int) -> Needs:
    folder = uses[2:].strip("/")
    if depth >= _MAX_DEPTH:
        return Needs({}, (f"{uses} nests too deep",))
    found = _read(tree, [f"{folder}/{name}".lstrip("/") for name in ("action.yml", "action.yaml")])
    if found is None:
        return Needs({}, (f"the local action {uses} is not in the tree",))
    if found.root.text("runs", "using") != "composite":
        defaults = found.doc.content.decode("utf-8", "replace")
        hidden = (f"the local action {uses} takes the token",) if _GITHUB_TOKEN.search(defaults) else ()
        return Needs({}, hidden)
    return _of_steps(found, None, found.steps, tree, depth + 1)


def _of_callee(uses: str, tree: SourceTree, depth: int) -> Needs:
    """What a reusable workflow asks for: what it declares, else what its jobs use."""
    if not uses.startswith(("./", "$/")):
        return Needs({}, (f"the reusable workflow {uses.partition('@')[0]} is in another repository",))
    callee = _read(tree, [uses[2:].partition("@")[0]])
    if callee is None or depth >= _MAX_DEPTH:
        return Needs({}, (f"the reusable workflow {uses} is not in the tree",))
    found: list[str] = []
    hidden: list[str] = []
    around = granted(callee.root.child("permissions"))
    for job in callee.jobs:
        declared = granted(job.node.child("permissions"))
        declared = declared if declared is not None else around
        if declared is not None:
            found += words(declared)
            continue
        below = _of_callee(job.uses, tree, depth + 1) if job.uses else of_job(callee, job, tree)
        found += words(below.scopes)
        hidden += below.hidden
    return Needs(union(found), tuple(dict.fromkeys(hidden)))


def _read(tree: SourceTree, paths: Iterable[str]) -> Workflow | None:
    for path in paths:
        try:
            doc = yamldoc.parse(tree.read(path), path)
        except (SourceUnavailable, yamldoc.YamlBroken):
            continue
        if doc.root.kind == "mapping":
            return Workflow(doc)
    return None

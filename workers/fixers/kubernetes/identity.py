"""Service-account tokens, secrets in the environment, and roles that may do everything."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from daemon.errors import SourceUnavailable
from workers.fixers.kubernetes.workload import Part, Resource
from workers.fixers.registry import NoFix, Target, fixer
from workers.source import yamldoc


@fixer(
    name="kubernetes-service-account-token",
    weakness="access-control",
    rules={"checkov": ["CKV_K8S_38", "CKV_K8S_41"], "trivy": ["KSV036", "KSV-0036", "AVD-KSV-0036"]},
    explain="""Every pod gets a token for the Kubernetes API unless it says otherwise. Most programs never call that
API; whoever breaks into one finds the token there.""",
)
def service_account_token(target: Target) -> Iterator[Candidate]:
    """Mount no token: in the pod, or in the account."""
    resource = Resource(target)
    account = resource.kind == "ServiceAccount"
    part = Part(resource.path, resource.root) if account else resource.pod
    key = "automountServiceAccountToken"
    edits = resource.put(part, {key: False})
    where = "Pods that use this account" if account else "The pod"
    how = f"{where} no longer get a token for the Kubernetes API."
    named = part.node.text("serviceAccountName") or part.node.text("serviceAccount")
    name = resource.root.text("metadata", "name") if account else named
    if name and (binding := _binding(target, name)):
        message = (
            f"{binding} gives the account {name} rights in the Kubernetes API: its program needs the token for them"
        )
        raise NoFix(message)
    warnings = [f"the pod names the account {named}: if its program calls the API, keep the token"] if named else []
    candidate = resource.candidate("no-token", edits, how, resource.declare(part, key), warnings)
    if candidate:
        yield candidate


def _binding(target: Target, account: str) -> str | None:
    """The manifest that binds a role to the account; none where no manifest of the repository does."""
    wanted = account.encode()
    for path in target.tree.paths():
        if not path.endswith((".yaml", ".yml")):
            continue
        try:
            content = target.tree.read(path)
            if b"RoleBinding" not in content or wanted not in content:
                continue
            roots = yamldoc.parse(content, path).roots
        except (yamldoc.YamlBroken, SourceUnavailable):
            continue
        for root in roots:
            subjects = root.child("subjects") if root.text("kind").endswith("RoleBinding") else None
            for one in subjects.items if subjects else ():
                if one.text("kind") == "ServiceAccount" and one.text("name") == account:
                    return path
    return None


@fixer(
    name="kubernetes-secret-environment",
    weakness="secret",
    rules={"checkov": ["CKV_K8S_35"]},
    explain="""Environment variables are inherited by every child process and land in crash reports and debug pages.
A secret mounted as a file is read where it is needed, and follows the secret when it is rotated.""",
)
def secret_environment(target: Target) -> Iterator[Candidate]:
    """None: the program itself must read a file instead of a variable."""
    resource = Resource(target)
    resource.containers(lambda node: node.child("env") is not None or node.child("envFrom") is not None)
    message = (
        "the program reads its secret from the environment: mounting it as a file needs a change of the program too "
        "(or its own *_FILE variable, which the manifest cannot show)"
    )
    raise NoFix(message)


@fixer(
    name="kubernetes-wildcard-role",
    weakness="access-control",
    rules={"checkov": ["CKV_K8S_49"], "trivy": ["KSV044", "KSV045", "KSV046", "KSV-0044", "KSV-0045", "KSV-0046"]},
    explain="""A role with `*` may do everything, also what does not exist yet. Name the verbs, resources and groups
that its subjects use (`kubectl auth can-i --list` and the audit log show them).""",
    for_a_person=True,
)
def wildcard_role(target: Target) -> Iterator[Candidate]:
    """None: which verbs are used is not in the manifest."""
    Resource(target)
    message = "which verbs and resources the role's subjects use is in the cluster's audit log, not in the manifest"
    raise NoFix(message)

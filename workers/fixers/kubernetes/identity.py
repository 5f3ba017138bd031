"""Service-account tokens, secrets in the environment, and roles that may do everything."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from daemon.errors import SourceUnavailable
from workers.fixers.changed import if_changed
from workers.fixers.kubernetes.containers.api_clients import api_client, calls_none
from workers.fixers.kubernetes.manifests.injected import injected
from workers.fixers.kubernetes.manifests.objects import Object, declared, document_behind, objects
from workers.fixers.kubernetes.projected_token import projected_token
from workers.fixers.kubernetes.workload import Part, Resource
from workers.fixers.registry import NoFix, Target, fixer
from workers.source import yamldoc, yamledit
from workers.source.remembered import remembered
from workers.source.tree import SourceTree
from workers.source.yamltext import Value

_RIGHTS = (
    *(f"CKV_K8S_{number}" for number in (155, 156, 157, 158)),
    *(f"CKV2_K8S_{number}" for number in (1, 2, 3, 4, 5)),
)
"""To change webhooks, approve certificates, bind, escalate, impersonate, run in others' pods, read every secret."""
_KEY = "automountServiceAccountToken"


@fixer(
    name="kubernetes-service-account-token",
    weakness="access-control",
    rules={"checkov": ["CKV_K8S_38", "CKV_K8S_41"], "trivy": ["KSV036", "KSV-0036", "AVD-KSV-0036"]},
    explain="""Every pod gets a token for the Kubernetes API unless it says otherwise. Most programs never call that
API; whoever breaks into one finds the token there.""",
)
def service_account_token(target: Target) -> Iterator[Candidate]:
    """Mount no token: in the pod, or in the account; in both."""
    resource = Resource(target)
    account = resource.kind == "ServiceAccount"
    part = Part(resource.path, resource.root) if account else resource.pod
    edits = resource.put(part, {_KEY: False})
    where = "Pods that use this account get" if account else "The pod gets"
    how = f"{where} no token for the Kubernetes API any more."
    named = part.node.text("serviceAccountName") or part.node.text("serviceAccount")
    name = resource.root.text("metadata", "name") if account else named
    namespace = None if name else resource.root.text("metadata", "namespace") or "default"
    declares = resource.declare(part, _KEY)
    binding = _binding(target, name or "default", namespace)
    if binding and not account and name in ("", "default") and calls_none(resource):
        # Who gives rights to an account of its own means the pods that use it.
        how = f"{how} {binding} gives its account rights, of which nothing in it makes use."
        yield from if_changed("no-token", edits, how, declares)
        return
    if binding:
        yield from _asked_for(resource, edits, declares, name or "default", binding)
        return
    if not account and (asked := injected(resource)):
        message = f"what {asked} puts into the pod signs in by the pod's token"
        raise NoFix(message)
    if not account and (client := api_client(resource)):
        message = f"{client}: it needs the token for that, and which account it signs in by is not in this repository"
        raise NoFix(message)
    if named and named != "default" and not _made_here(target, named):
        message = f"the account {named} is made elsewhere, and so are its rights, for which the pod needs the token"
        raise NoFix(message)
    yield from if_changed("no-token", edits, how, declares)
    if edits and not account:
        yield from _in_account(resource, edits, declares, named, [], approach="no-token")


def _asked_for(
    resource: Resource, edits: list[Edit], declares: list[str], account: str, binding: str
) -> Iterator[Candidate]:
    """The token that the pod's program needs, no longer given unasked: as a volume that its containers mount."""
    projected = projected_token(resource) if resource.kind != "ServiceAccount" and edits else None
    if projected is None:
        message = (
            f"{binding} gives the account {account} rights in the Kubernetes API: its program needs the token for them"
        )
        raise NoFix(message)
    edits, declares = [*edits, *projected[0]], [*declares, *projected[1]]
    how = (
        f"{binding} gives the pod's account rights in the Kubernetes API, so its program needs the token: it mounts "
        "what Kubernetes would have given it unasked, and the containers in which only a shell runs no longer have it."
    )
    warning = "take the mount out of each container that does not call the API"
    yield from if_changed("projected-token", edits, how, declares, [warning])
    if account != "default":
        yield from _in_account(resource, edits, declares, account, [warning], approach="projected-token")


def _in_account(
    resource: Resource, edits: list[Edit], declares: list[str], named: str, warnings: list[str], *, approach: str
) -> Iterator[Candidate]:
    """The pod's field, and the account's: its own where it alone uses it, else the namespace's default one."""
    everything = list(objects(resource.target.tree))
    namespace = resource.root.text("metadata", "namespace")
    here = [one for one in everything if one.namespace == namespace]
    found = [one for one in here if one.kind == "ServiceAccount" and one.name == (named or "default")]
    if named:
        if len(found) != 1 or sum(_uses(one, named) for one in here) != 1 or not found[0].root.entries:
            return
        doc = yamldoc.parse(resource.target.tree.read(found[0].path), found[0].path)
        places = [index for index, root in enumerate(doc.roots) if root.start == found[0].root.start]
        if not places:
            return
        more = [yamledit.set_key(doc, doc.roots[places[0]], _KEY, False)]
        how = f"Neither the pod nor its account {named}, which no other pod uses, hands a token out unasked any more."
        path = f"{places[0]}.{_KEY}" if len(doc.roots) > 1 else _KEY
        yield from if_changed(f"{approach}-in-account", [*edits, *more], how, [*declares, path], warnings)
        return
    if found or resource.path or namespace in ("", "default"):
        # The default namespace's account is everybody's.
        return
    metadata: dict[str, Value] = {"name": "default"}
    if namespace:
        metadata["namespace"] = namespace
    value: dict[str, Value] = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, _KEY: False}
    more = [document_behind(resource.doc, resource.index, value)]
    how = "The pod gets no token, and the namespace's default account, which pods use that name none, gives none out."
    warning = "pods of the namespace that call the API without an account of their own lose their token too"
    yield from if_changed(
        f"{approach}-of-default-account", [*edits, *more], how, [*declares, declared(value, "default")], [warning]
    )


def _made_here(target: Target, account: str) -> bool:
    return any(one.kind == "ServiceAccount" and one.name == account for one in objects(target.tree))


def _uses(one: Object, account: str) -> bool:
    """Whether an object runs pods with the account."""
    return any(
        node.kind == "mapping" and account in (node.text("serviceAccountName"), node.text("serviceAccount"))
        for _, node in one.root.walk()
    )


def _binding(target: Target, account: str, namespace: str | None) -> str | None:
    """The manifest that binds a role to the account (of any namespace, where none is given); none where none does."""
    for path, kind, name, where in _subjects(target.tree):
        if (kind, name) == ("ServiceAccount", account) and namespace in (None, where or "default"):
            return path
        _, _, of_all = name.partition("system:serviceaccount")
        # Of one account, of all of a namespace, or of all that there are.
        if of_all and (of_all == "s" or (of_all[:2] == "s:" and namespace in (None, of_all[2:]))):
            return path
        if of_all and of_all == f":{namespace or of_all[1:].partition(':')[0]}:{account}":
            return path
    return None


@remembered
def _subjects(tree: SourceTree) -> list[tuple[str, str, str, str]]:
    """Whom the bindings of the repository's manifests name: the manifest, and its kind, name and namespace."""
    found = []
    for path in tree.paths():
        if not path.endswith((".yaml", ".yml")):
            continue
        try:
            content = tree.read(path)
            roots = yamldoc.parse(content, path).roots if b"RoleBinding" in content else ()
        except (yamldoc.YamlBroken, SourceUnavailable):
            continue
        for root in roots:
            subjects = root.child("subjects") if root.text("kind").endswith("RoleBinding") else None
            found += [
                (path, one.text("kind"), one.text("name"), one.text("namespace"))
                for one in (subjects.items if subjects else ())
            ]
    return found


@fixer(
    name="kubernetes-secret-environment",
    weakness="secret",
    rules={"checkov": ["CKV_K8S_35"]},
    explain="""Environment variables are inherited by every child process and land in crash reports and debug pages.
A secret mounted as a file is read where it is needed, and follows the secret when it is rotated.""",
    for_a_person=True,
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
    rules={
        "checkov": ["CKV_K8S_49", *_RIGHTS],
        "trivy": ["KSV044", "KSV045", "KSV046", "KSV-0044", "KSV-0045", "KSV-0046"],
    },
    explain="""A role with `*` may do everything, also what does not exist yet; one that may bind or escalate roles, act
as somebody else or read every secret may give itself the rest. Name the verbs, resources and groups that its subjects
use (`kubectl auth can-i --list` and the audit log show them).""",
    for_a_person=True,
)
def wildcard_role(target: Target) -> Iterator[Candidate]:
    """None: which verbs are used is not in the manifest."""
    Resource(target)
    message = "which verbs and resources the role's subjects use is in the cluster's audit log, not in the manifest"
    raise NoFix(message)

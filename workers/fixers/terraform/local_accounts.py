"""AKS clusters that accounts of their own may sign in to: what has to be there before those go."""

from __future__ import annotations

import re

from workers.fixers.terraform.resource import Resource
from workers.fixers.terraform.settings import Setting
from workers.source.tree import text_of

_HOW = "Only directory accounts may sign in, which can be revoked in one place."
_DIRECTORY = "azure_active_directory_role_based_access_control"
_ROLES = "nobody may use the cluster before Azure gives them a role in it"


def _signs_in_locally(resource: Resource) -> str:
    """Which file signs in with what such an account has; empty where none does."""
    name = re.escape(resource.name)
    # What is looked up of a cluster may be of this one.
    of = rf"\b(?:azurerm_kubernetes_cluster\.{name}|data\.azurerm_kubernetes_cluster\.[\w-]+)\b"
    wanted = re.compile(rf"{of}[\w.\[\]*]*\.kube_(?:admin_)?config\b")
    for file in resource.module:
        if wanted.search(text_of(resource.target.tree, file.path)):
            return f"{file.path} signs in to the cluster by its local account: give it a directory account first"
    return ""


def _state(
    body: dict[str, str], warning: str = "", *, where: str = "", unless: str = "", since: str = "", before: str = ""
) -> Setting:
    nested = {_DIRECTORY: body} if body else {}
    return Setting(
        "no-local-accounts",
        {"local_account_disabled": "true", **nested},
        _HOW,
        warning,
        refused=_signs_in_locally,
        toggle=not body,
        where=where,
        unless=unless,
        since=since,
        before=before,
    )


LOCAL_ACCOUNTS = [
    _state({}, where=_DIRECTORY),
    _state({}, where="role_based_access_control"),
    _state({"azure_rbac_enabled": "true"}, _ROLES, unless=_DIRECTORY, since="azurerm:4"),
    _state(
        {"managed": "true", "azure_rbac_enabled": "true"},
        _ROLES,
        unless=_DIRECTORY,
        since="azurerm:3",
        before="azurerm:4",
    ),
]
"""The provider refuses a cluster without local accounts that no directory is joined to."""

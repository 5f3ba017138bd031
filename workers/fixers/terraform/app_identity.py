"""Azure's apps that have no identity of their own, and so keep a password for whatever they call."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import Target, fixer
from workers.fixers.terraform.resource import Resource, several
from workers.source.hcltext import Body, block_text

_CLIENT = "a program that asks for a token has to name the identity by its client id"
_KIND = "azurerm_user_assigned_identity"


@fixer(
    name="terraform-app-identity",
    weakness="authentication",
    rules={"checkov": ["CKV_AZURE_16", "CKV_AZURE_71"], "trivy": ["AVD-AZU-0002"]},
    explain="""With an identity in the directory the app asks Azure for short-lived tokens, and is given roles on what
it calls: there is no connection string or client secret that could leak. One that Azure makes with the app goes with
it; one that is a resource of its own stays, and may be shared.""",
)
def app_identity(target: Target) -> Iterator[Candidate]:
    """One that comes and goes with the app; or one that stands by itself."""
    resource = Resource(target)
    body: Body = {"identity": {"type": '"SystemAssigned"'}}
    how = "The app gets an identity of its own, without a secret to keep."
    yield from resource.candidate("system-identity", resource.settle(body), how, resource.declare(body))
    where = {key: resource.block.text(key) for key in ("resource_group_name", "location")}
    if resource.block.block("identity") is not None or several(resource.block) or not all(where.values()):
        return
    label = resource.unique_name(_KIND, resource.name)
    identity = block_text("resource", (_KIND, label), {"name": f'"{label.replace("_", "-")}-identity"', **where})
    body = {"identity": {"type": '"UserAssigned"', "identity_ids": f"[{_KIND}.{label}.id]"}}
    how = "The app uses an identity that stands by itself: the roles that it is given stay when the app is made anew."
    edits = resource.followed(resource.settle(body), identity)
    declares = [*resource.declare(body), f"resource.{_KIND}.{label}"]
    yield from resource.candidate("user-identity", edits, how, declares, [_CLIENT])

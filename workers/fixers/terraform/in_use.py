"""What a module, or the repository around it, uses of a resource, and would lose with a setting."""

from __future__ import annotations

import re

from workers.fixers.terraform.resource import Resource
from workers.source.plain_redis import talks_plainly
from workers.source.tree import text_of

_KEYS = r"(?:(?:default_)?(?:primary|secondary)_\w*(?:key|connection_string)\w*|admin_(?:username|password))\b"
_BY_KEY = frozenset((
    "azurerm_storage_container", "azurerm_storage_blob", "azurerm_storage_queue", "azurerm_storage_table",
    "azurerm_storage_share", "azurerm_storage_share_file", "azurerm_storage_table_entity",
))  # fmt: skip
_BUILDS = re.compile(r"(?:^|/)[\w.-]*build-?spec[\w.-]*\.(?:ya?ml|json|tpl|tftpl)$", re.IGNORECASE)
_CONNECTS = re.compile(
    r"google_sql_ssl_cert|cloud[-_]?sql[-_]proxy|cloud[-_]sql[-_](?:\w+[-_])?connector", re.IGNORECASE
)
_SCRIPTS = (".sh", ".ps1", ".yml", ".yaml", "Makefile", "justfile", "Jenkinsfile")
_ADMIN = re.compile(r"\baz\s+acr\s+credential\s+show\b")
_FOR_ALL = re.compile(
    r"(?<![a-z])(?:public|static|assets?|cdn|www|web|website|site|downloads?)(?![a-z])|\$web", re.IGNORECASE
)
_DOCKER = re.compile(r"\b(?:docker|podman|buildah|sam\s+build\s+[^\n]*--use-container)\b")


def uses_keys(resource: Resource) -> str:
    """Which file hands on what an account of the resource's own signs in with; empty where none does."""
    wanted = re.compile(rf"\b{re.escape(resource.address)}\b(?:\[[^\]]*\])*\.{_KEYS}")
    for file in resource.module:
        if found := wanted.search(text_of(resource.target.tree, file.path)):
            return f"{file.path} hands on `{found[0]}`, which would no longer open anything: give its users an identity"
    return ""


def signs_in_as_admin(registry: Resource) -> str:
    """Which file signs in to a registry by the account of its own; empty where none does."""
    tree = registry.target.tree
    asking = (path for path in tree.paths() if path.endswith(_SCRIPTS) and _ADMIN.search(text_of(tree, path)))
    if path := next(asking, ""):
        return f"{path} asks Azure for the password of the registry's admin: let it sign in as somebody else first"
    return uses_keys(registry)


def shown(container: Resource) -> str:
    """Why everybody reads a container on purpose, as its name says; empty where it does not."""
    if _FOR_ALL.search(f"{container.name} {container.block.text('name')}"):
        return f"{container.address} is what everybody is meant to read, as its name says: decide on that first"
    return ""


def works_by_keys(account: Resource) -> str:
    """Why a storage account's keys are needed: by who is given one, or by the provider itself."""
    if reason := uses_keys(account):
        return reason
    if any(block.text("storage_use_azuread") == "true" for block in account.asking if block.type == "provider"):
        return ""
    kept = next((block for kind in sorted(_BY_KEY) for _, block in account.blocks("resource", kind)), None)
    what = ".".join(kept.labels) if kept is not None else f"what {account.address} holds"
    return f"the provider reads and writes {what} by the account's key: set its `storage_use_azuread = true` first"


def has_public_container(account: Resource) -> str:
    """Which container of the module everybody reads on purpose: Azure refuses that where the account forbids it."""
    for _, block in account.blocks("resource", "azurerm_storage_container"):
        of = account.mentioned(block.text("storage_account_name")) or account.mentioned(
            block.text("storage_account_id")
        )
        if of and block.text("container_access_type") not in ("", '"private"'):
            return f"{'.'.join(block.labels)} lets everybody read it on purpose: decide on that first"
    return ""


def has_extensions(machine: Resource) -> str:
    """Which extension the module puts on a machine; empty where none."""
    for _, block in machine.blocks("resource", "azurerm_virtual_machine_extension"):
        if machine.mentioned(block.text("virtual_machine_id")):
            return f"{'.'.join(block.labels)} is an extension of {machine.address}, and could not be put there any more"
    return ""


def starts_docker(build: Resource) -> str:
    """Why a build may need its privilege; empty where its steps are here, and start no Docker."""
    tree = build.target.tree
    steps = [text_of(tree, path) for path in tree.paths() if _BUILDS.search(path)]
    own = build.block.block("source")
    written = build.block.syntax.text(own.node) if own is not None else ""
    if _DOCKER.search("\n".join((*steps, written))) or not (steps or "version:" in written):
        return f"the steps of {build.address} start Docker, or are not here: that is what its privilege is for"
    return ""


def upgrades_by_hand(cluster: Resource) -> str:
    """Which node pool of the module takes no release by itself; Google refuses that in a channel."""
    for _, block in cluster.blocks("resource", "google_container_node_pool"):
        if cluster.mentioned(block.text("cluster")) and block.text("management", "auto_upgrade") == "false":
            return f"{'.'.join(block.labels)} is upgraded by hand, which a release channel does not allow"
    return ""


def no_workload_identity(nodes: Resource) -> str:
    """Why GKE's metadata server would be refused: it takes a cluster with workload identity."""
    text = "\n".join(text_of(nodes.target.tree, file.path) for file in nodes.module)
    if re.search(r"\bworkload_identity_config\b|\bworkload_pool\b|\bidentity_namespace\b", text):
        return ""
    return "GKE's metadata server needs a cluster with workload identity (`workload_identity_config`), and none is here"


def has_guests(pool: Resource) -> str:
    """Why guests are asked in: the module gives them a role."""
    for _, block in pool.blocks("resource", "aws_cognito_identity_pool_roles_attachment"):
        if "unauthenticated" in block.syntax.text(block.node):
            return f"{'.'.join(block.labels)} gives guests a role of their own: the application lets them in on purpose"
    return ""


def called_unsigned(url: Resource) -> str:
    """Why requests come unsigned; empty where the module shows who signs them."""
    if url.block.block("cors") is not None:
        return f"{url.address} is called by pages in browsers, as its cors says, which sign no requests"
    origins = (block for _, block in url.blocks("resource", "aws_cloudfront_origin_access_control"))
    permits = (block for _, block in url.blocks("resource", "aws_lambda_permission"))
    if any(one.text("origin_access_control_origin_type") == '"lambda"' for one in origins) or any(
        one.text("function_url_auth_type") == '"AWS_IAM"' for one in permits
    ):
        return ""
    return f"who calls {url.address} is known to its owner: whoever signs no requests would be locked out"


def in_one_zone(database: Resource) -> str:
    """Why it cannot stand in two zones; empty where it can."""
    if "availability_zone" in database.block.attributes:
        return (
            f"{database.address} names its availability_zone, beside which RDS takes no multi_az: take that out first"
        )
    if database.block.text("engine") == '"sqlserver-ex"':
        return f"{database.address} is SQL Server's Express edition, which RDS runs in one zone alone"
    return ""


def without_certificate(database: Resource) -> str:
    """Why its clients would be refused: nothing shows that they have a certificate; empty where something does."""
    tree = database.target.tree
    if any(_CONNECTS.search(text_of(tree, path)) for path in tree.paths()):
        return ""
    return f"nothing here gives the clients of {database.address} a certificate, or goes through Cloud SQL's own proxy"


def asked_in_the_clear(cache: Resource) -> str:
    """Which file of the module has a program ask for Redis without TLS; empty where none does."""
    if path := talks_plainly(cache.target.tree, (file.path for file in cache.module)):
        return f"{path} has a program ask for Redis in the clear (`redis://`): it has to ask by TLS (`rediss://`) first"
    return ""

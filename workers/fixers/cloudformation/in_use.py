"""Resources of a template that somebody uses as they are, or that cannot be otherwise: why a setting is not sound."""

from __future__ import annotations

from workers.fixers.cloudformation.template import Template
from workers.source.plain_redis import talks_plainly
from workers.source.pushed import why_tags_move

_NO_TOKENS = ("db2", "oracle", "sqlserver")
FROM_PRIMARY = "the group is made of a cluster that is there, in the clear (PrimaryClusterId): a new group comes first"
_WAYS_OUT = ("AWS::EC2::NatGateway", "AWS::EC2::VPCEndpoint")


def has_guests(pool: Template) -> str:
    """Why guests are asked in: the template gives them a role."""
    for name, node in pool.others():
        if node.text("Type") == "AWS::Cognito::IdentityPoolRoleAttachment" and any(
            path[-1:] == ("unauthenticated",) for path, _ in node.walk()
        ):
            return f"{name} gives guests a role of their own: the application lets them in on purpose"
    return ""


def called_unsigned(url: Template) -> str:
    """Why requests come unsigned; empty where the template shows who signs them."""
    if url.property("Cors") is not None:
        return f"{url.name} is called by pages in browsers, as its Cors says, which sign no requests"
    for _, node in url.others():
        permits = node.text("Type") == "AWS::Lambda::Permission" and node.text("Properties", "FunctionUrlAuthType")
        origin = node.get("Properties", "OriginAccessControlConfig", "OriginAccessControlOriginType")
        if permits == "AWS_IAM" or (origin is not None and origin.value == "lambda"):
            return ""
    return f"who calls {url.name} is known to its owner: whoever signs no requests would be locked out"


def no_tokens(database: Template) -> str:
    """Why RDS offers no login by IAM's tokens; empty where it does, or where nothing here tells."""
    engine = database.usual("Engine")
    if database.usual("EngineMode") == "serverless" or engine.removeprefix("custom-").startswith(_NO_TOKENS):
        return f"RDS offers no login by IAM tokens for what {database.name} is"
    return ""


def in_one_zone(database: Template) -> str:
    """Why it cannot stand in two zones; empty where it can."""
    if database.property("AvailabilityZone") is not None:
        return f"{database.name} names its AvailabilityZone, beside which RDS takes no MultiAZ: take that out first"
    if database.usual("Engine") == "sqlserver-ex":
        return f"{database.name} is SQL Server's Express edition, which RDS runs in one zone alone"
    return ""


def moves_tags(registry: Template) -> str:
    """Why tags cannot stay; empty where nothing of the repository moves one."""
    return why_tags_move(registry.tree, registry.path)


def needs_address(machine: Template) -> str:
    """Why a machine needs its public address; empty where the template shows that it does without."""
    text = machine.doc.slice(machine.doc.root.start, machine.doc.root.end)
    for attribute in ("PublicIp", "PublicDnsName"):
        if f"{machine.name}.{attribute}" in text or any(
            one.kind == "sequence" and [each.value for each in one.items] == [machine.name, attribute]
            for _, one in machine.doc.root.walk()
        ):
            return f"the template hands on the {attribute} of {machine.name}, which would be empty"
    if any(node.text("Type") in _WAYS_OUT for _, node in machine.others()):
        return ""
    return (
        f"nothing in the template leads {machine.name} out of its network otherwise: without an address it needs a NAT "
        "gateway or endpoints first"
    )


def cannot_rotate(key: Template) -> str:
    """Why KMS would not rotate the key; empty where it does."""
    for name, plain in (("KeySpec", "SYMMETRIC_DEFAULT"), ("KeyUsage", "ENCRYPT_DECRYPT"), ("Origin", "AWS_KMS")):
        if key.property(name) is not None and key.usual(name) != plain:
            return (
                "KMS rotates no asymmetric, HMAC or imported key: a new key, and a move to it, takes the place of "
                "rotation"
            )
    return ""


def asked_in_the_clear(cache: Template) -> str:
    """Why a cache cannot speak TLS alone; empty where nothing here stands in the way."""
    if cache.property("PrimaryClusterId") is not None:
        return FROM_PRIMARY
    if path := talks_plainly(cache.tree, [cache.path]):
        return f"{path} has a program ask for Redis in the clear (`redis://`): it has to ask by TLS (`rediss://`) first"
    return ""

"""Security groups and firewalls that let the whole internet in, and what a VPC lets through by default."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.fixers.terraform.resource import Resource, several
from workers.source.hcl import Attribute, Block
from workers.source.hcltext import block_text

_WORLD = re.compile(r'"(?:0\.0\.0\.0/0|::/0|0\.0\.0\.0|\*|Internet|Any)"', re.IGNORECASE)
_PRIVATE = '["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]'
_SOURCES = (
    "cidr_blocks", "ipv6_cidr_blocks", "source_ranges", "cidr_ipv4", "cidr_ipv6",
    "source_address_prefix", "source_address_prefixes",
)  # fmt: skip
_PORTS = {
    "CKV_AWS_24": 22, "CKV_AWS_25": 3389, "CKV_AWS_260": 80, "CKV_GCP_2": 22, "CKV_GCP_3": 3389, "CKV_GCP_75": 21,
    "CKV_GCP_77": 20, "CKV_GCP_88": 3306, "CKV_GCP_106": 80, "CKV_AZURE_9": 3389, "CKV_AZURE_10": 22,
    "CKV_AZURE_160": 80,
}  # fmt: skip
_ALL_PORTS = "CKV_AWS_277"
_ICMP = frozenset(('"icmp"', '"icmpv6"', '"1"', '"58"'))
_WEB = frozenset(("CKV_AWS_260", "CKV_GCP_106", "CKV_AZURE_160"))
_HTTP, _TLS = 80, 443
_BOTH = (_HTTP, _TLS)
_ENTRANCE = re.compile(r"bastion|jump|vpn", re.IGNORECASE)
_PORT_KEYS = ("from_port", "to_port", "destination_port_range", "destination_port_ranges", "ports")
_FORWARDING = ("google_compute_forwarding_rule", "google_compute_global_forwarding_rule")
_BALANCERS = ("aws_lb", "aws_alb", "aws_elb")
_BALANCING = re.compile(r"(?:^|[_-])(?:[ane]?lb|load_?balancer)(?:$|[_-])", re.IGNORECASE)
_LOCKED_OUT = "whoever connects over the internet today is locked out: put their networks in first"


@fixer(
    name="terraform-open-to-world",
    weakness="access-control",
    rules={
        "checkov": (*_PORTS, _ALL_PORTS),
        "trivy": ["AVD-AWS-0107", "AVD-GCP-0027", "AVD-AZU-0047", "AVD-AZU-0050", "AVD-AZU-0048"],
    },
    explain="""A port that 0.0.0.0/0 may reach is tried by strangers all day. Remote shells, desktops and databases
belong behind a bastion or a VPN; a public web service belongs behind a load balancer that alone is open.""",
)
def open_to_world(target: Target) -> Iterator[Candidate]:
    """Networks that a variable names; or private ones only, where it is no way in from outside."""
    resource = Resource(target)
    found = _meant(resource, list(_open_sources(resource, _PORTS.get(target.finding.rule))))
    if not found:
        message = f"no rule of {resource.address} names the open internet itself"
        raise NoFix(message)
    if target.finding.rule in _WEB and (balancer := _public_balancer(resource)):
        message = (
            f"{resource.address} belongs to {balancer}, a load balancer that faces the internet: its port 80 is open "
            "on purpose, and should answer with a redirect to HTTPS"
        )
        raise NoFix(message)
    if target.finding.rule in _WEB and any(True for _ in _open_sources(resource, _TLS)):
        message = (
            f"{resource.address} lets everybody in at port {_TLS} as well: it serves the web on purpose, and "
            "answers at port 80 with a redirect, or should"
        )
        raise NoFix(message)
    if target.finding.rule in _WEB and any(_alone(resource, one, _HTTP) for one in found):
        message = (
            f"{resource.address} opens port 80 and no other by that rule: it serves the web, and should answer with a "
            "redirect to HTTPS. Let in its balancer's security group alone, where it has one in front"
        )
        raise NoFix(message)
    port = _PORTS.get(target.finding.rule)
    rules = [_rule(resource, one) for one in found]
    if port not in _BOTH and any(_covers(rule, web) for rule in rules for web in _BOTH):
        opened = f"port {port}" if port else "more than is meant"
        message = (
            f"a rule of {resource.address} opens {opened} together with that of the web: give each a rule of its own, "
            "and close the one"
        )
        raise NoFix(message)
    path = f"resource.{resource.address}"
    blocks = [f"{path}.{kind}" for kind in ("ingress", "security_rule", *_SOURCES)]
    private = [_private(resource, one) for one in found]
    if kept := any(map(_others, found)):
        how, approach = "What the list names beside everybody may connect; the internet may not.", "named-networks"
    else:
        how, approach = "Private networks may connect; the internet may not.", "private-networks"
    if all(private) and (kept or not _ENTRANCE.search(resource.name)):
        edits = [_rewrite(resource, one, value) for one, value in zip(found, private, strict=True)]
        yield from resource.candidate(approach, edits, how, blocks, [_LOCKED_OUT])
    if not (kept and resource.legacy):
        yield from _by_variable(resource, found, blocks)


def _by_variable(resource: Resource, found: list[Attribute], blocks: list[str]) -> Iterator[Candidate]:
    """Networks that whoever uses the module names; none where one rule takes a list and another one network."""
    several_each = {_is_list(one) for one in found}
    if len(several_each) > 1:
        return
    [listed] = several_each
    name = resource.own_name("allowed_cidrs" if listed else "allowed_cidr")
    if any(True for _ in resource.blocks("variable", name)):
        return
    what, kind = ("Networks", "list(string)") if listed else ("Network", "string")
    text = block_text(
        "variable", (name,), {"description": f'"{what} that may connect to {resource.address}"', "type": kind}
    )
    edits = [_rewrite(resource, one, _joined(_others(one), f"var.{name}")) for one in found]
    beside = "what the list names beside everybody, and " if any(map(_others, found)) else ""
    how = f"Only {beside}the {what.lower()} that the new variable `{name}` names may connect."
    yield from resource.candidate(
        "networks-variable", [*edits, resource.hcl.after(resource.block, text)], how, [*blocks, f"variable.{name}"],
        ["set the variable before the next plan", _LOCKED_OUT],
    )  # fmt: skip


def _meant(resource: Resource, found: list[Attribute]) -> list[Attribute]:
    """Those of the rules that the finding is about, where it is about no port: all ports, or its own lines.

    Raises:
        Harmless: they let in messages of ICMP alone.
    """
    finding = resource.target.finding
    if finding.rule == _ALL_PORTS:
        found = [one for one in found if _every_port(_rule(resource, one))]
        if found and all(_rule(resource, one).text("protocol").lower() in _ICMP for one in found):
            message = f"{resource.address} lets everybody in by ICMP alone, which has kinds of messages and no ports"
            raise Harmless(message)
    elif finding.rule not in _PORTS and finding.locations:
        region = finding.locations[0].region
        lines = region.lines if region is not None else ()
        return [one for one in found if one.node.start_point.row + 1 in lines] or found
    return found


def _every_port(rule: Block) -> bool:
    return rule.text("from_port") == "-1" or rule.text("protocol") in ('"-1"', '"all"')


def _is_list(source: Attribute) -> bool:
    return source.text.lstrip().startswith("[")


def _public_balancer(resource: Resource) -> str | None:
    """A load balancer of the module that faces the internet with this security group, or one that its name tells of."""
    for kind in _BALANCERS:
        for _, block in resource.blocks("resource", kind):
            if block.text("internal") != "true" and resource.mentioned(block.text("security_groups")):
                return ".".join(block.labels)
    if resource.type == "google_compute_firewall":
        for kind in _FORWARDING:
            for _, block in resource.blocks("resource", kind):
                if not block.text("load_balancing_scheme").startswith('"INTERNAL'):
                    return ".".join(block.labels)
    # A module that only makes groups hands them to the one that makes the balancer.
    return "what its name tells of" if _BALANCING.search(resource.name) else None


def _open_sources(resource: Resource, port: int | None) -> Iterator[Attribute]:
    for block in (resource.block, *resource.block.blocks):
        inner = block.type in ("ingress", "security_rule")
        if block is not resource.block and not inner:
            continue
        for name in _SOURCES:
            attribute = block.attributes.get(name)
            if attribute and _WORLD.search(attribute.text) and (port is None or _covers(block, port)):
                yield attribute


def _covers(block: Block, port: int) -> bool:
    """Whether a rule lets traffic in at the port; ranges that are worked out do."""
    if block.text("access").lower() == '"deny"' or block.text("direction").lower() == '"outbound"':
        return False
    first, last = block.text("from_port"), block.text("to_port")
    if block.text("protocol") in ('"-1"', '"all"'):
        return True
    if first.isdigit() and last.isdigit():
        return int(first) <= port <= int(last)
    texts = [text for key in ("destination_port_range", "destination_port_ranges") if (text := block.text(key))]
    allowed = [one.text("ports") for one in block.blocks if one.type == "allow"]
    texts += allowed if all(allowed) else []
    spans = [quoted or bare for text in texts for quoted, bare in re.findall(r'"([^"]*)"|\b(\d+)\b', text)]
    plain = [re.fullmatch(r"(\d+)(?:-(\d+))?", span) for span in spans]
    return not spans or any(match is None or int(match[1]) <= port <= int(match[2] or match[1]) for match in plain)


def _alone(resource: Resource, source: Attribute, port: int) -> bool:
    """Whether the rule that names the source lets traffic in at that port alone."""
    block = _rule(resource, source)
    inner = [block, *(one for one in block.blocks if one.type == "allow")]
    named = [text.strip('"[] ') for one in inner for key in _PORT_KEYS if (text := one.text(key))]
    return bool(named) and set(named) == {str(port)}


def _rule(resource: Resource, source: Attribute) -> Block:
    """The block whose attribute the source is."""
    blocks = (one for one in resource.block.blocks if source.node in [each.node for each in one.attributes.values()])
    return next(blocks, resource.block)


def _private(resource: Resource, attribute: Attribute) -> str:
    """What stands for private networks there; empty where there is room for one, and the module does not say which."""
    if others := _others(attribute):
        return f"[{', '.join(others)}]"
    if _is_list(attribute):
        return '["fc00::/7"]' if attribute.name == "ipv6_cidr_blocks" else _PRIVATE
    if attribute.name == "source_address_prefix":
        return '"VirtualNetwork"'
    networks = [block for _, block in resource.blocks("resource", "aws_vpc") if not several(block)]
    alone = len(networks) == 1 and attribute.name == "cidr_ipv4"
    return f"aws_vpc.{networks[0].labels[1]}.cidr_block" if alone else ""


def _others(attribute: Attribute) -> list[str]:
    """What a list names beside everybody."""
    listed = attribute.text.strip()
    if not (listed.startswith("[") and listed.endswith("]")):
        return []
    members = [member.strip() for line in listed[1:-1].splitlines() for member in line.partition("#")[0].split(",")]
    return [member for member in members if member and not _WORLD.fullmatch(member)]


def _joined(others: list[str], variable: str) -> str:
    return f"concat([{', '.join(others)}], {variable})" if others else variable


def _rewrite(resource: Resource, attribute: Attribute, value: str) -> Edit:
    node = attribute.expression
    return resource.hcl.edit(node.start_byte, node.end_byte, value)


@fixer(
    name="terraform-default-security-group",
    weakness="access-control",
    rules={"checkov": ["CKV2_AWS_12"], "trivy": ["AVD-AWS-0173"]},
    explain="""Whatever is started without a security group lands in the VPC's default one, which lets its members
talk to each other and to everywhere. Terraform can adopt it and leave it without rules.""",
)
def default_security_group(target: Target) -> Iterator[Candidate]:
    """Adopt the default group, without rules."""
    resource = Resource(target)
    if resource.type == "aws_default_security_group":
        edits = [
            resource.hcl.delete(block.node) for block in resource.block.blocks if block.type in ("ingress", "egress")
        ]
        declares = [f"resource.{resource.address}.{kind}/delete" for kind in ("ingress", "egress")]
        yield from resource.candidate("no-rules", edits, "The default group lets nothing through.", declares, [_IN_USE])
        return
    if resource.type != "aws_vpc":
        message = f"{resource.address} is not a VPC"
        raise NoFix(message)
    edit, path = resource.beside("aws_default_security_group", {"vpc_id": resource.reference("id")})
    how = "Terraform adopts the VPC's default group and removes all of its rules."
    yield from resource.candidate("adopt-without-rules", [edit], how, [path], [_IN_USE])


_IN_USE = "what is in the default group today loses its connections: give it a group of its own first"

"""Rules of security groups that nobody says the purpose of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.terraform.resource import Resource
from workers.source.hcl import Block
from workers.source.hcltext import Body

_SIDES = ("ingress", "egress")
_NAMES = {"22": "SSH", "80": "HTTP", "443": "HTTPS", "3306": "MySQL", "5432": "PostgreSQL", "6379": "Redis"}
_WORLD = ("0.0.0.0/0", "::/0")
"""Networks that the description leaves out: another fix may close them in the same round."""
_TERRAFORM_S_OWN = '"Managed by Terraform"'
_WHY = "say why it is needed, where you know it"
_PEERS = ("cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6", "source_security_group_id", "security_groups",
          "referenced_security_group_id", "prefix_list_ids", "prefix_list_id")  # fmt: skip
_TELLING = 3
"""Words of a name that say more than what kind of rule it is."""
_VARIABLE = re.compile(r"(?:var|local)\.(\w+)")
_TEXT = re.compile(r"[\w.:/*, -]+")


@fixer(
    name="terraform-rule-description",
    weakness="configuration",
    rules={"checkov": ["CKV_AWS_23"]},
    explain="""A rule that says what it is for can be reviewed, and taken out when its purpose is gone. What is written
here says what the rule lets through; why it is needed is known to its owner. A group's own description cannot be
changed on a group that is there: the one that Terraform gives it already keeps it, any other replaces it.""",
)
def rule_description(target: Target) -> Iterator[Candidate]:
    """What each rule lets through, in words; the group as it is called already, or by its name."""
    resource = Resource(target)
    group = not resource.type.endswith("_rule")
    edits, declares = [], []
    for side in _SIDES if group else ():
        if side in resource.block.attributes or resource.block.is_dynamic(side):
            message = f"the {side} rules of {resource.address} are worked out, and each is described where that is done"
            raise NoFix(message)
        for rule in (one for one in resource.block.blocks if one.type == side):
            edits += _described(resource, rule, side)
            declares += resource.declare({side: {}})
    if not group:
        yield from _rule(resource)
        return
    if not resource.block.text("description"):
        yield from _group(resource, edits, declares)
        return
    how = "Each rule says which traffic it lets through, and from or to where."
    yield from resource.candidate("describe-traffic", edits, how, declares, [_WHY])


def _rule(resource: Resource) -> Iterator[Candidate]:
    side = "egress" if "egress" in resource.type or "egress" in resource.block.text("type") else "ingress"
    declares = resource.declare({"description": ""})
    computed = _described(resource, resource.block, side)
    how = "The rule says which traffic it lets through, and from or to where."
    yield from resource.candidate("describe-traffic", computed, how, declares, [_WHY])
    words = resource.name.replace("-", "_").split("_")
    if computed and len(words) >= _TELLING:
        text = " ".join(words)
        edits = resource.settle({"description": f'"{text[0].upper()}{text[1:]}"'})
        how = "The rule says what its author called it."
        yield from resource.candidate("describe-by-name", edits, how, declares, [_WHY])


def _group(resource: Resource, edits: list[Edit], declares: list[str]) -> Iterator[Candidate]:
    said = {
        "describe-traffic": (_TERRAFORM_S_OWN, "the group keeps the description that Terraform gave it", _WHY),
        "describe-group": (
            f'"Traffic of {resource.name}"', "the group is named by what it is for",
            "Terraform makes a new group, moves what uses it, and takes the old one away",
        ),
    }  # fmt: skip
    for approach, (text, what, warning) in said.items():
        body: Body = {"description": text}
        if approach == "describe-group":
            if resource.block.text("name"):
                # Two groups of one name cannot be there at once, and one that is used cannot go first.
                continue
            body = {**body, "lifecycle": {"create_before_destroy": "true"}}
        how = f"Each rule says which traffic it lets through, and from or to where; {what}."
        all_edits = [*resource.settle(body), *edits]
        yield from resource.candidate(approach, all_edits, how, [*resource.declare(body), *declares], [warning])


def _described(resource: Resource, rule: Block, side: str) -> list[Edit]:
    if rule.text("description") not in ("", '""'):
        return []
    return resource.settle({"description": f'"{_in_words(rule, side)}"'}, block=rule)


def _in_words(rule: Block, side: str) -> str:
    first, last, protocol = (rule.text(key).strip('"') for key in ("from_port", "to_port", "protocol"))
    protocol = protocol or rule.text("ip_protocol").strip('"')
    if protocol in ("-1", "all"):
        what = "All traffic"
    elif first == last and (port := _VARIABLE.fullmatch(first)) and protocol.isalnum():
        what = f"{protocol.upper()} {port[1]}"
    elif not first.isdigit() or not last.isdigit() or not protocol.isalnum():
        what = f"{protocol.upper()} traffic" if protocol.isalnum() else "Its traffic"
    elif first == last:
        what = _NAMES.get(first) or f"{protocol.upper()} {first}"
    else:
        what = f"{protocol.upper()} {first}-{last}"
    where = next((text for key in _PEERS if (text := _peer(rule.text(key)))), "")
    if where in _WORLD:
        return f"{what}, {'incoming' if side == 'ingress' else 'outgoing'}"
    if rule.text("self") == "true":
        where = where or "the group itself"
    return f"{what} {'from' if side == 'ingress' else 'to'} {where or 'a peer that the module works out'}"


def _peer(text: str) -> str:
    """A network or a group, as a description may name it: without quotes, brackets and what is worked out."""
    plain = text.strip("[] \n").replace('"', "")
    plain = re.sub(r"\.(?:id|cidr_block)$", "", re.sub(r"^(?:aws_\w+|var|local|data\.\w+)\.", "", plain))
    return plain if _TEXT.fullmatch(plain) and len(plain) < 80 else ""

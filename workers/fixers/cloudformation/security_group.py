"""Security groups of CloudFormation templates: open to the world, and rules without a description."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.cloudformation.template import Template, is_call
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.yamldoc import Node
from workers.source.yamltext import Value

_PORTS = {"CKV_AWS_24": 22, "CKV_AWS_25": 3389, "CKV_AWS_260": 80}
_WORLD = {"CidrIp": "0.0.0.0/0", "CidrIpv6": "::/0"}
_PRIVATE = {"CidrIp": "10.0.0.0/8", "CidrIpv6": "fc00::/7"}
_ENTRANCE = re.compile(r"bastion|jump|vpn", re.IGNORECASE)
_LOCKED_OUT = "whoever connects over the internet today is locked out: put their networks in first"
_SIDES = ("SecurityGroupIngress", "SecurityGroupEgress")
_HTTP = 80
_WEB = (_HTTP, 443)
_PEERS = ("CidrIp", "CidrIpv6", "SourceSecurityGroupId", "SourceSecurityGroupName", "DestinationSecurityGroupId")
_NAMES = {"22": "SSH", "80": "HTTP", "443": "HTTPS", "3389": "RDP", "3306": "MySQL", "5432": "PostgreSQL", "53": "DNS"}


@fixer(
    name="cloudformation-open-to-world",
    weakness="access-control",
    rules={"checkov": tuple(_PORTS)},
    explain="""A port that 0.0.0.0/0 may reach is tried by strangers all day. Remote shells and desktops belong behind
a bastion, Session Manager or a VPN; a public web service belongs behind a load balancer that alone is open.""",
)
def open_to_world(target: Target) -> Iterator[Candidate]:
    """A network that a parameter names; or the template's own alone."""
    template = Template(target)
    port = _PORTS[target.finding.rule]
    found = [(rule, key) for rule in _rules(template, _SIDES[:1]) for key in _WORLD if _open(rule, key, port)]
    asked = [(rule, name) for rule in _rules(template, _SIDES[:1]) if (name := _by_parameter(template, rule, port))]
    if not found and not asked:
        message = f"no rule of {template.name} names the open internet itself"
        raise NoFix(message)
    if port == _HTTP and (balancer := _balancer(template)):
        message = (
            f"{balancer} balances load in this template: port 80 of {template.name} has to stay open to it, or is its "
            "own port to the internet, which should redirect to HTTPS. Let in its security group alone, where it is "
            "in front"
        )
        raise NoFix(message)
    if port == _HTTP and any(rule.text("FromPort") == rule.text("ToPort") for rule, _ in (*found, *asked)):
        message = (
            f"{template.name} opens port 80 and no other by that rule: it serves the web, and should answer with a "
            "redirect to HTTPS. Let in its balancer's security group alone, where it has one in front"
        )
        raise NoFix(message)
    if any(port not in _WEB and _covers(rule, web) for rule, _ in (*found, *asked) for web in _WEB):
        message = (
            f"a rule of {template.name} opens port {port} together with those of the web: give each a rule of its own, "
            "and close the one"
        )
        raise NoFix(message)
    if not found:
        yield from _other_default(template, sorted({name for _, name in asked}))
        return
    declares = template.declare(*_SIDES[:1], *_WORLD)
    if (network := _network(template)) and not _ENTRANCE.search(template.name):
        edits = [template.set_key(rule, key, network if key == "CidrIp" else _PRIVATE[key]) for rule, key in found]
        how = f"What is in {network['Fn::GetAtt'][0]}, the network of the template, may connect; the internet may not."
        yield from template.candidate("own-network", edits, how, declares, [_LOCKED_OUT])
    if any(key == "CidrIpv6" for _, key in found):
        return
    name = f"{template.name}AllowedCidr"
    body: dict[str, Value] = {"Type": "String", "Description": f"Network that may connect to {template.name}"}
    edits = [template.set_key(rule, key, {"Ref": name}) for rule, key in found]
    edits.extend(template.parameter(name, body))
    how = f"Only the network that the new parameter {name} names may connect."
    warnings = ["give the parameter at the next deployment", _LOCKED_OUT]
    yield from template.candidate("network-parameter", edits, how, [*declares, f"Parameters.{name}"], warnings)


def _network(template: Template) -> dict[str, list[str]] | None:
    """The network of the template that the group is in, as the addresses that it has."""
    networks = [name for name, node in template.others() if node.text("Type") == "AWS::EC2::VPC"]
    asked = template.property("VpcId")
    for name in networks:
        if asked is not None and (asked.value == name or asked.text("Ref") == name):
            return {"Fn::GetAtt": [name, "CidrBlock"]}
    return None


def _other_default(template: Template, names: list[str]) -> Iterator[Candidate]:
    """The parameters that are open unless the deployment says otherwise: no default any more.

    Raises:
        NoFix: another template of the repository gives one.
    """
    for name in names:
        template.refuse_given(name)
    bodies = [body for name in names if (body := template.doc.get("Parameters", name)) is not None]
    listed = ", ".join(names)
    warnings = ["a deployment that gives the parameter itself keeps what it gives", _LOCKED_OUT]
    declares = [f"Parameters.{name}.Default" for name in names]
    edits = [template.delete_key(body, "Default") for body in bodies]
    how = f"The deployment must say which network may connect: {listed} has no default any more."
    yield from template.candidate("no-default", edits, how, [f"{each}/delete" for each in declares], warnings)


def _by_parameter(template: Template, rule: Node, port: int) -> str | None:
    """The parameter that gives the rule its network, where its default is the whole internet."""
    for key, world in _WORLD.items():
        node = rule.child(key)
        if node is None or not _covers(rule, port):
            continue
        name = node.value if node.tag == "!Ref" else node.text("Ref") if node.kind == "mapping" else ""
        if name and template.doc.root.text("Parameters", name, "Default") == world:
            return name
    return None


def _open(rule: Node, key: str, port: int) -> bool:
    node = rule.child(key)
    return node is not None and node.kind == "scalar" and node.value == _WORLD[key] and _covers(rule, port)


def _covers(rule: Node, port: int) -> bool:
    first, last = rule.text("FromPort"), rule.text("ToPort")
    return first.isdigit() and last.isdigit() and int(first) <= port <= int(last)


def _balancer(template: Template) -> str | None:
    """A load balancer: its addresses are those of its subnets, which one private network may not hold."""
    kinds = ("AWS::ElasticLoadBalancing::LoadBalancer", "AWS::ElasticLoadBalancingV2::LoadBalancer")
    return next((name for name, node in template.others() if node.text("Type") in kinds), None)


@fixer(
    name="cloudformation-rule-description",
    weakness="configuration",
    rules={"checkov": ["CKV_AWS_23"]},
    explain="""A rule that says what it is for can be reviewed, and taken out when its purpose is gone. What is
written here says what the rule lets through; why it is needed is known to its owner, who may say it better.""",
)
def rule_description(target: Target) -> Iterator[Candidate]:
    """What each rule lets through, in words."""
    template = Template(target)
    found = [
        (rule, side)
        for side in _SIDES
        for rule in _rules(template, (side,))
        if (old := rule.child("Description")) is None or (not old.value and not is_call(old))
    ]
    if not found:
        message = f"every rule of {template.name} that is written out has a description"
        raise NoFix(message)
    declares = template.declare(*_SIDES, "Description")
    warning = "say why it is needed, where you know it"
    for approach, stack, how in (
        ("describe-traffic", "", "Each rule says which traffic it lets through, and from or to where."),
        ("describe-traffic-and-stack", " (${AWS::StackName})",
         "Each rule says which traffic it lets through, and which stack it belongs to."),
    ):  # fmt: skip
        edits = []
        for rule, side in found:
            text = f"{_in_words(template, rule, side)}{stack}"
            edits.append(template.set_key(rule, "Description", {"Fn::Sub": text} if stack else text))
        yield from template.candidate(approach, edits, how, declares, [warning])


def _rules(template: Template, sides: tuple[str, ...]) -> Iterator[Node]:
    """The rules: of a group's lists, or the one that is a resource of its own."""
    if template.properties is None:
        return
    if template.type.removeprefix("AWS::EC2::") in sides:
        yield template.properties
    for side in sides:
        listed = template.properties.child(side)
        yield from (one for one in (listed.items if listed else ()) if one.kind == "mapping" and not is_call(one))


def _in_words(template: Template, rule: Node, side: str) -> str:
    first, last, protocol = (_plain(rule, key) for key in ("FromPort", "ToPort", "IpProtocol"))
    inward = side == _SIDES[0] or template.type.endswith("Ingress")
    ports = first if first == last else f"{first}-{last}"
    named = _NAMES.get(first, "") if first == last else ""
    if rule.text("IpProtocol") == "-1":
        what = "All traffic"
    elif not first or first == "-1" or not protocol:
        what = f"{protocol.upper()} traffic" if protocol else "Traffic"
    else:
        what = named or f"{protocol.upper()} {ports}"
    where = next((text for key in _PEERS if (text := _plain(rule, key))), "")
    if not where or where in _WORLD.values():
        # Left out: the template works it out, or another fix may close it in the same round.
        return f"{what}, {'incoming' if inward else 'outgoing'}"
    return f"{what} {'from' if inward else 'to'} {where}"


def _plain(rule: Node, key: str) -> str:
    """A property as text; the name behind a `!Ref`."""
    node = rule.child(key)
    if node is None:
        return ""
    if node.kind == "mapping":
        return node.text("Ref")
    plain = node.kind == "scalar" and (node.tag or "") in ("", "!Ref", "!GetAtt")
    return node.value.removesuffix(".GroupId") if plain and re.fullmatch(r"[\w.:/-]*", node.value) else ""

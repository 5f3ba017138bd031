"""The programs of a template that use a resource, and the rights that they need with the key that encrypts it."""

from __future__ import annotations

from collections.abc import Mapping

from workers.fixers.cloudformation.parts import elsewhere
from workers.fixers.cloudformation.template import Template, mentions
from workers.fixers.registry import NoFix
from workers.source.yamldoc import Node
from workers.source.yamltext import Value

_ROLE, _SAM = "AWS::IAM::Role", "AWS::Serverless::Function"
_PROGRAMS = (
    "AWS::IAM::", "AWS::Lambda::", "AWS::Serverless::", "AWS::ECS::", "AWS::EC2::", "AWS::StepFunctions::",
    "AWS::AppSync::", "AWS::ApiGateway", "AWS::Batch::", "AWS::CodeBuild::", "AWS::Glue::", "AWS::IoT::",
    "AWS::KinesisFirehose::", "AWS::Pipes::", "AWS::AutoScaling::", "AWS::ElasticBeanstalk::", "AWS::SageMaker::",
    "AWS::AppRunner::", "AWS::SecretsManager::RotationSchedule",
)  # fmt: skip
"""Types that use a resource with the rights of a role, or give a role rights."""
_ACTIONS: list[Value] = [
    "kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*",
]  # fmt: skip


def let_use(template: Template, key: str, service: str) -> tuple[dict[str, Mapping[str, Value]], str]:
    """A policy by which the roles of the template that use the resource may use its key through the service, and a
    sentence that says so; nothing where none does.

    Raises:
        NoFix: a program uses it, by whose role the template does not say.
    """
    roles = _users(template)
    if not roles:
        return {}, ""
    via: Value = {"StringEquals": {"kms:ViaService": {"Fn::Sub": f"{service}.${{AWS::Region}}.amazonaws.com"}}}
    allows: Value = {
        "Effect": "Allow", "Action": _ACTIONS, "Resource": {"Fn::GetAtt": [key, "Arn"]}, "Condition": via,
    }  # fmt: skip
    properties: dict[str, Value] = {
        "PolicyName": f"{key}Use",
        "PolicyDocument": {"Version": "2012-10-17", "Statement": [allows]},
        "Roles": [{"Ref": role} for role in roles],
    }
    body: dict[str, Mapping[str, Value]] = {f"{key}Use": {"Type": "AWS::IAM::Policy", "Properties": properties}}
    return body, f" {', '.join(roles)} may use it through {service}, for what they do with {template.name} today."


def _users(template: Template) -> list[str]:
    others = dict(template.others())
    found: set[str] = set()
    for name, node in others.items():
        if template.mentions(node) and node.text("Type").startswith(_PROGRAMS):
            roles = _roles(template, others, name, node)
            unsure = [
                role for role in roles if (others.get(role) or node).text("Condition") not in ("", _given(template))
            ]
            if not roles or unsure:
                message = f"{name} uses {template.name}, and the template does not say by which role it could use a key"
                raise NoFix(message)
            found |= roles
    return sorted(found)


def makes_role(template: Template) -> bool:
    """Whether SAM makes a role for a function that names none: no setting of all functions names one, here or in
    another part of the template.
    """
    root = template.doc.root
    return root.get("Globals", "Function", "Role") is None and not elsewhere(template.tree, template.path, root)


def _given(template: Template) -> str:
    return template.node.text("Condition")


def _roles(template: Template, others: Mapping[str, Node], name: str, node: Node) -> set[str]:
    """The roles of the template that a resource is, has, gives rights to, or starts a function with."""
    kind = node.text("Type")
    if kind == _ROLE:
        return {name}
    if kind == _SAM and node.get("Properties", "Role") is None:
        # The role that SAM makes for a function that names none.
        return {f"{name}Role"} if makes_role(template) else set()
    roles = {other for other, one in others.items() if one.text("Type") == _ROLE and mentions(other, node)}
    if roles:
        return roles
    functions = ((other, one) for other, one in others.items() if one.text("Type") in (_SAM, "AWS::Lambda::Function"))
    return {role for other, one in functions if other != name and mentions(other, node)
            for role in _roles(template, others, other, one)}  # fmt: skip

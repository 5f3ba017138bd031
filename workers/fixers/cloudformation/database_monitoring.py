"""RDS instances of CloudFormation templates whose system nobody watches."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.cloudformation.template import Template
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.yamltext import Value

_POLICY = "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
_PAID = "figures are stored in CloudWatch, and paid for"
_TRUST: Value = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "monitoring.rds.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


@fixer(
    name="cloudformation-database-monitoring",
    weakness="logging",
    rules={"checkov": ["CKV_AWS_118"]},
    explain="""What RDS shows by itself is seen from outside of the instance. Enhanced monitoring asks an agent on it:
which processes run, and what they take. It needs a role by which RDS may write the figures to CloudWatch.""",
)
def enhanced_monitoring(target: Target) -> Iterator[Candidate]:
    """With a role of the template; or with one that a parameter names."""
    template = Template(target)
    if template.type != "AWS::RDS::DBInstance":
        message = f"a {template.type} is not monitored itself: its instances are"
        raise NoFix(message)
    declares = template.declare("MonitoringInterval", "MonitoringRoleArn")
    how = "Figures of the system are written every minute, by"
    if template.property("MonitoringRoleArn") is not None:
        edits = template.settle({"MonitoringInterval": 60})
        yield from template.candidate("every-minute", edits, f"{how} the role that is there.", declares, [_PAID])
        return
    name = f"{template.name}MonitoringRole"
    body: dict[str, Value] = {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": _TRUST, "ManagedPolicyArns": [{"Fn::Sub": _POLICY}]},
    }
    settled = template.settle({"MonitoringInterval": 60, "MonitoringRoleArn": {"Fn::GetAtt": [name, "Arn"]}})
    what = f"{how} a new role that may do that and nothing else."
    warning = "the deployment makes a role: it needs the capability CAPABILITY_IAM"
    edits = [*settled, template.resource(name, body)]
    yield from template.candidate("new-role", edits, what, [*declares, f"Resources.{name}"], [_PAID, warning])
    name = f"{template.name}MonitoringRoleArn"
    settled = template.settle({"MonitoringInterval": 60, "MonitoringRoleArn": {"Ref": name}})
    parameter = template.parameter(name, {"Type": "String", "Description": "ARN of the role that writes the figures"})
    what = f"{how} the role that the new parameter {name} names."
    warnings = ["give the parameter at the next deployment", _PAID]
    yield from template.candidate(
        "role-parameter", [*settled, *parameter], what, [*declares, f"Parameters.{name}"], warnings
    )

"""A template whose stack another one makes: a parameter that it must be given would stop that one."""

import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

BALANCER = b"""AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties:
      Scheme: internal
"""
PARENT = b"""AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Balancers:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: https://s3.amazonaws.com/templates/parts/%s
"""


@pytest.mark.parametrize(("made", "fixed"), [(b"other.yaml", True), (b"balancer.yaml", False)])
def test_a_stack_that_another_template_makes_gets_no_parameter_that_it_must_be_given(made, fixed):
    finding = Finding(
        tool="checkov",
        rule="CKV_AWS_91",
        message="",
        severity=Severity.LOW,
        locations=(Location(path="parts/balancer.yaml", region=Region(start_line=3)),),
    )
    tree = MemoryTree({"parts/balancer.yaml": BALANCER, "main.yaml": PARENT % made})
    proposal = propose(Target(finding=finding, tree=tree))
    assert bool(proposal.candidates) is fixed
    assert fixed or "main.yaml makes the stack of parts/balancer.yaml" in (proposal.reason or "")

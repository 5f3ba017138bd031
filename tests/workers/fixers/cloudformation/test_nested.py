"""A template whose stack another one makes: that one must hand on what it is to be given."""

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree
from workers.verify.structure.preserved import preservation

BALANCER = b"""AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties:
      Scheme: internal
"""
GRANDPARENT = b"""Resources:
  All:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: ./main.yaml
"""
PARENT = b"""AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Balancers:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: https://s3.amazonaws.com/templates/parts/%s
"""


HANDED = b"""AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Balancers:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: https://s3.amazonaws.com/templates/parts/balancer.yaml
      Parameters:
        RequestLogBucket:
          Ref: RequestLogBucket
Parameters:
  RequestLogBucket:
    Type: String
    Description: Name of the bucket that takes access logs
"""


OPEN = b"""Parameters:
  From: {Type: String, Default: 0.0.0.0/0}
Resources:
  G:
    Type: AWS::EC2::SecurityGroup
    Properties:
      SecurityGroupIngress:
        - {IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: !Ref From}
"""


def _proposed(files, rule="CKV_AWS_91", path="parts/balancer.yaml"):
    finding = Finding(
        tool="checkov",
        rule=rule,
        message="",
        severity=Severity.LOW,
        locations=(Location(path=path, region=Region(start_line=4)),),
    )
    return propose(Target(finding=finding, tree=MemoryTree({"parts/balancer.yaml": BALANCER, **files})))


def test_a_default_stays_that_another_template_decides():
    files = {"group.yaml": OPEN}
    assert _proposed(files, "CKV_AWS_24", "group.yaml").candidates
    files["main.yaml"] = PARENT % b"group.yaml" + b"      Parameters: {From: !Ref From}\n"
    proposal = _proposed(files, "CKV_AWS_24", "group.yaml")
    assert proposal.candidates == ()
    assert "main.yaml makes the stack of group.yaml and gives it its From" in (proposal.reason or "")


def test_the_template_that_makes_the_stack_takes_the_parameter_too_and_hands_it_on():
    parent = PARENT % b"balancer.yaml"
    first, second = _proposed({"main.yaml": parent}).candidates
    assert set(first.paths) == set(second.paths) == {"parts/balancer.yaml", "main.yaml"}
    edits = [edit for edit in first.edits if edit.path == "main.yaml"]
    after = apply_edits(parent, edits)
    assert after == HANDED
    assert preservation("main.yaml", parent, after, edits, first.declares, []).violations == ()
    assert "hand it on" in first.explanation


def test_an_application_of_sam_is_handed_the_parameter_by_its_own_place_alone():
    application = b"""Resources:
  Balancers:
    Type: AWS::Serverless::Application
    Properties:
      Location: %s/balancer.yaml
"""
    found = _proposed({"main.yaml": application % b"parts", "other.yaml": application % b"elsewhere"})
    fix = next(one for one in found.candidates if any(edit.path == "main.yaml" for edit in one.edits))
    after = apply_edits(application % b"parts", [edit for edit in fix.edits if edit.path == "main.yaml"])
    assert b"      Parameters:\n        RequestLogBucket:\n          Ref: RequestLogBucket\n" in after
    assert not any(edit.path == "other.yaml" for one in found.candidates for edit in one.edits)


def test_the_parameters_that_the_stack_is_given_already_stay():
    parent = PARENT % b"balancer.yaml" + b"      Parameters: {Zone: !Ref Zone}\n"
    [first, _] = _proposed({"main.yaml": parent}).candidates
    after = apply_edits(parent, [edit for edit in first.edits if edit.path == "main.yaml"])
    assert b"Parameters: {Zone: !Ref Zone, RequestLogBucket: { Ref: RequestLogBucket }}\n" in after


def test_a_template_that_makes_other_stacks_stays_as_it_is():
    for candidate in _proposed({"main.yaml": PARENT % b"other.yaml"}).candidates:
        assert candidate.paths == ("parts/balancer.yaml",)


def test_nobody_hands_a_parameter_on_over_two_templates():
    proposal = _proposed({"main.yaml": PARENT % b"balancer.yaml", "all.yaml": GRANDPARENT})
    assert proposal.candidates == ()
    assert "all.yaml makes the stack of main.yaml" in (proposal.reason or "")


def test_a_template_that_a_pipeline_deploys_gets_no_parameter_that_the_pipeline_would_have_to_give():
    pipeline = b"Configuration:\n  TemplatePath: Source::parts/balancer.yaml\n  ParameterOverrides: '{}'\n"
    proposal = _proposed({"pipeline.yaml": pipeline})
    assert proposal.candidates == ()
    assert "pipeline.yaml deploys parts/balancer.yaml by a pipeline" in (proposal.reason or "")


def test_a_pipeline_that_deploys_what_the_template_is_packed_as_would_have_to_give_it_too():
    pipeline = b"Configuration:\n  TemplatePath: Built::packaged.yaml\n  ParameterOverrides: '{}'\n"
    script = b"aws cloudformation package --template-file parts/balancer.yaml --output-template-file packaged.yaml\n"
    assert _proposed({"pipeline.yaml": pipeline}).candidates
    assert _proposed({"pipeline.yaml": pipeline, "build.sh": script}).candidates == ()


def test_a_stored_value_is_looked_up_where_it_is_used_and_its_name_handed_down():
    bucket = b"Resources:\n  Site:\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketName: site\n"
    parent = PARENT % b"site.yaml"
    files = {"parts/site.yaml": bucket, "main.yaml": parent}
    found = _proposed(files, "CKV_AWS_18", "parts/site.yaml").candidates
    stored = next(one for one in found if one.approach == "log-bucket-of-parameter-store")
    below, above = (apply_edits(files[path], [edit for edit in stored.edits if edit.path == path]) for path in files)
    assert b"Type: AWS::SSM::Parameter::Value<String>" in below
    assert b"Type: String" in above
    assert b"AWS::SSM" not in above


def test_a_part_of_a_template_gets_no_parameter_and_no_role_that_another_part_may_name():
    part = b"""Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Environment: {Variables: {STAGE: !If [IsLive, live, !Ref Stage]}}
"""
    files = {"part.yaml": part, "main.yaml": b"Parameters:\n  Stage: {Type: String}\nConditions:\n  IsLive: true\n"}
    proposal = _proposed(files, "CKV_AWS_173", "part.yaml")
    assert proposal.candidates == ()
    assert "part.yaml is one part of a template" in (proposal.reason or "")
    del files["main.yaml"]
    assert [one.approach for one in _proposed(files, "CKV_AWS_173", "part.yaml").candidates] == [
        "new-key",
        "key-parameter",
    ]


def test_nothing_is_made_that_the_role_which_deploys_may_not_make():
    group = b"Resources:\n  G:\n    # of the service\n    Type: AWS::Logs::LogGroup\n"
    role = """Resources:
  Deployer:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: {Service: cloudformation.amazonaws.com}}]
      Policies: [{PolicyDocument: {Statement: [{Effect: Allow, Action: ["lambda:*"%s], Resource: "*"}]}}]
"""
    for more, made in (("", False), (', "kms:*"', True)):
        files = {"group.yaml": group, "roles.yaml": (role % more).encode()}
        proposal = _proposed(files, "CKV_AWS_158", "group.yaml")
        assert ("new-key" in [one.approach for one in proposal.candidates]) is made

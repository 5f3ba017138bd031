"""What the files around a resource say of it: how old the module is, who reaches its machines, who makes what in it."""

import pytest

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

SUBNET = 'resource "aws_subnet" "a" {\n  vpc_id = aws_vpc.v.id\n  map_public_ip_on_launch = true\n}\n'
NAT = 'resource "aws_nat_gateway" "n" {\n  subnet_id = aws_subnet.a.id\n}\n'
MACHINE = 'resource "aws_instance" "m" {\n  subnet_id = aws_subnet.a.id\n}\n'
BUCKETS = (
    'resource "aws_s3_bucket" "data" {\n  bucket = "d"\n}\nresource "aws_s3_bucket" "our-logs" {\n  bucket = "l"\n}\n'
)
CLUSTER = 'resource "aws_eks_cluster" "c" {\n  name = "c"\n  vpc_config {\n    endpoint_public_access = true\n  }\n}\n'
LETS_GO = 'resource "google_kms_crypto_key" "k" {\n  name = "k"\n  lifecycle {\n    prevent_destroy = false\n  }\n}\n'


def _proposal(rule, files):
    finding = Finding(
        tool="checkov",
        rule=rule,
        message="",
        severity=Severity.LOW,
        locations=(Location(path="m/main.tf", region=Region(start_line=1)),),
    )
    return propose(Target(finding=finding, tree=MemoryTree({name: text.encode() for name, text in files.items()})))


@pytest.mark.parametrize(
    ("more", "kept"),
    [
        ("", True),
        (NAT, False),
        (NAT + MACHINE, False),
        (NAT + MACHINE + 'output "ip" {\n  value = aws_instance.m.public_ip\n}\n', True),
        (NAT + 'resource "aws_eks_node_group" "g" {\n  subnet_ids = [aws_subnet.a.id]\n}\n', True),
    ],
    ids=["no other way out", "a gateway", "a machine", "its address", "nodes of a cluster"],
)
def test_machines_keep_an_address_that_somebody_needs(more, kept):
    assert bool(_proposal("CKV_AWS_130", {"m/main.tf": SUBNET, "m/more.tf": more}).candidates) is not kept


def test_a_pinned_release_of_terraform_says_which_language_the_module_is_in():
    files = {".terraform-version": "0.11.14\n", "m/main.tf": BUCKETS}
    proposal = _proposal("CKV_AWS_18", files)
    texts = [apply_edits(BUCKETS.encode(), one.edits).decode() for one in proposal.candidates]
    assert any('target_bucket = "${aws_s3_bucket.our-logs.id}"' in text for text in texts)
    assert not any("aws_s3_bucket_logging" in text for text in texts)


def test_an_api_that_the_module_itself_uses_stays_where_it_can_be_reached():
    assert _proposal("CKV_AWS_39", {"m/main.tf": CLUSTER}).candidates
    assert not _proposal("CKV_AWS_39", {"m/main.tf": CLUSTER, "m/h.tf": 'provider "helm" {\n}\n'}).candidates


def test_what_may_be_deleted_on_purpose_stays_so():
    assert not _proposal("CKV_GCP_82", {"m/main.tf": LETS_GO}).candidates


@pytest.mark.parametrize(("path", "kept"), [("examples/a", True), ("m", False)])
def test_what_an_example_deletes_again_is_not_protected(path, kept):
    text = 'resource "google_sql_database_instance" "d" {\n  deletion_protection = false\n}\n'
    finding = Finding(
        tool="checkov",
        rule="CKV_GCP_121",
        message="",
        severity=Severity.LOW,
        locations=(Location(path=f"{path}/main.tf", region=Region(start_line=1)),),
    )
    proposal = propose(Target(finding=finding, tree=MemoryTree({f"{path}/main.tf": text.encode()})))
    assert bool(proposal.candidates) is not kept


@pytest.mark.parametrize(
    ("more", "fixed"),
    [
        ("", False),
        ('resource "azurerm_private_endpoint" "p" {\n  id = azurerm_storage_account.a.id\n}\n', True),
    ],
)
def test_an_account_of_azure_is_closed_where_a_private_endpoint_leads_to_it(more, fixed):
    files = {"m/main.tf": 'resource "azurerm_storage_account" "a" {\n  name = "a"\n}\n', "m/p.tf": more}
    assert bool(_proposal("CKV_AZURE_59", files).candidates) is fixed


def test_guests_that_have_a_role_stay():
    pool = 'resource "aws_cognito_identity_pool" "p" {\n  allow_unauthenticated_identities = true\n}\n'
    roles = 'resource "aws_cognito_identity_pool_roles_attachment" "r" {\n  roles = { unauthenticated = "x" }\n}\n'
    assert _proposal("CKV_AWS_366", {"m/main.tf": pool}).candidates
    assert not _proposal("CKV_AWS_366", {"m/main.tf": pool + roles}).candidates


def test_a_module_that_wraps_every_reference_is_answered_in_its_language():
    wrapped = "".join(f'  {key} = "${{var.{key}}}"\n' for key in ("acl", "bucket", "region", "policy", "owner"))
    text = f'resource "aws_s3_bucket" "b" {{\n{wrapped}}}\n'
    texts = [edit.text for one in _proposal("CKV_AWS_18", {"m/main.tf": text}).candidates for edit in one.edits]
    assert texts
    assert not any("= var." in each for each in texts)


@pytest.mark.parametrize(
    ("source", "version", "found"),
    [("./m", "~> 2.31.0", False), ("./m", "~> 4.1", True), ("./other", "~> 2.31.0", True), ("./m", ">= 2.0", True)],
)
def test_what_callers_ask_of_a_provider_holds_for_a_module(source, version, found):
    """It knows the attribute from release 4 on."""
    files = {
        "m/main.tf": 'resource "azurerm_kubernetes_cluster" "c" {\n  name = "c"\n}\n',
        "main.tf": f'module "m" {{\n  source = "{source}"\n}}\n',
        "providers.tf": f'provider "azurerm" {{\n  version = "{version}"\n}}\n',
    }
    assert bool(_proposal("CKV_AZURE_170", files).candidates) is found


def test_callers_hand_a_new_variable_on():
    files = {
        "m/main.tf": BUCKETS,
        "env/main.tf": 'module "stack" {\n  source = "../stack"\n}\n',
        "stack/main.tf": 'module "data" {\n  source = "../m"\n  name   = "d"\n}\n',
    }
    proposal = _proposal("CKV_AWS_18", files)
    one = next(each for each in proposal.candidates if each.approach == "log-bucket-variable")
    after = {
        name: apply_edits(text.encode(), [edit for edit in one.edits if edit.path == name]).decode()
        for name, text in files.items()
    }
    assert 'variable "access_log_bucket"' in after["m/main.tf"]
    assert "  access_log_bucket = var.access_log_bucket\n}\n\nvariable" in after["stack/main.tf"]
    assert "access_log_bucket = var.access_log_bucket" in after["env/main.tf"]
    assert 'variable "access_log_bucket"' in after["env/main.tf"]
    assert {"module.data.access_log_bucket", "module.stack.access_log_bucket"} <= {*one.declares}


@pytest.mark.parametrize(
    ("taken", "found"), [(("access_log_bucket",), 1), (("access_log_bucket", "d_access_log_bucket"), 0)]
)
def test_a_name_that_means_something_else_in_a_caller_is_not_taken(taken, found):
    variables = "".join(f'variable "{name}" {{}}\n' for name in taken)
    files = {"m/main.tf": BUCKETS, "main.tf": f'module "d" {{\n  source = "./m"\n}}\n{variables}'}
    proposal = _proposal("CKV_AWS_18", files)
    made = [one for one in proposal.candidates if one.approach == "log-bucket-variable"]
    assert len(made) == found
    assert all("variable.d_access_log_bucket" in one.declares for one in made)


@pytest.mark.parametrize(
    ("more", "decides"),
    [
        ({}, True),
        ({"root.tf": 'module "k" {\n  source = "./m"\n}\n'}, True),
        ({"root.tf": 'module "k" {\n  source = "./m"\n  rotate = false\n}\n'}, False),
        ({"m/dev.tfvars": "rotate = false\n", "m/prod.tfvars": "name = 1\n"}, True),
        ({"m/dev.tfvars": "rotate = false\n", "m/prod.tfvars": "rotate = true\n"}, False),
    ],
    ids=["nobody else", "a caller", "one that gives it", "some settings", "all settings"],
)
def test_a_default_stays_that_every_use_of_the_module_overrules(more, decides):
    key = 'resource "aws_kms_key" "k" {\n  enable_key_rotation = var.rotate\n}\n'
    files = {"m/main.tf": key, "m/variables.tf": 'variable "rotate" {\n  default = false\n}\n', **more}
    approaches = [one.approach for one in _proposal("CKV_AWS_7", files).candidates]
    assert any(one.endswith("-default") for one in approaches) is decides


def test_a_topic_that_a_module_hands_on_gets_no_key_that_its_publishers_may_not_use():
    topic = 'resource "aws_sns_topic" "t" {\n  name = "t"\n}\n'
    files = {"m/main.tf": topic, "m/outputs.tf": 'output "arn" {\n  value = aws_sns_topic.t.arn\n}\n'}
    before = [one.approach for one in _proposal("CKV_AWS_26", files).candidates]
    files["root.tf"] = 'module "t" {\n  source = "./m"\n}\n'
    assert [one.approach for one in _proposal("CKV_AWS_26", files).candidates] == ["key-variable"]
    assert before == ["aws-managed-key", "new-key", "key-variable"]


@pytest.mark.parametrize(
    ("files", "holder"),
    [
        ({}, "m/main.tf"),
        ({"m/variables.tf": 'variable "env" {\n  type = string\n}\n'}, "m/variables.tf"),
        ({"m/variables.tf": "", "m/a.tf": 'variable "env" {}\n'}, "m/a.tf"),
    ],
    ids=["none yet", "variables.tf", "another file"],
)
def test_a_new_variable_stands_with_the_others(files, holder):
    secret = 'resource "azurerm_key_vault_secret" "s" {\n  name  = "s"\n  value = var.env\n}\n'
    fix = next(
        one
        for one in _proposal("CKV_AZURE_41", {"m/main.tf": secret, **files}).candidates
        if "variable" in one.approach
    )
    assert [edit.path for edit in fix.edits if "\nvariable " in edit.text] == [holder]


def test_what_is_made_beside_a_resource_is_of_its_provider():
    bucket = 'resource "aws_s3_bucket" "b" {\n  bucket   = "b"\n  provider = aws.other\n}\n'
    [first, *_] = _proposal("CKV_AWS_21", {"m/main.tf": bucket}).candidates
    after = apply_edits(bucket.encode(), first.edits).decode()
    assert 'resource "aws_s3_bucket_versioning" "b" {\n  provider = aws.other\n' in after
    group = 'resource "aws_cloudwatch_log_group" "g" {\n  provider = aws.other\n}\n'
    [first, *_] = _proposal("CKV_AWS_158", {"m/main.tf": group}).candidates
    after = apply_edits(group.encode(), first.edits).decode()
    assert 'data "aws_region" "current" {\n  provider = aws.other\n}\n' in after
    assert 'resource "aws_kms_key" "g" {\n  provider = aws.other\n' in after
    proposal = _proposal("CKV_AWS_158", {"m/main.tf": group, "m/data.tf": 'data "aws_region" "current" {\n}\n'})
    assert "new-key" not in [one.approach for one in proposal.candidates]


def test_a_module_that_a_written_out_text_takes_gets_no_variable_that_it_would_have_to_give():
    files = {"m/main.tf": 'data "aws_availability_zones" "a" {\n}\n'}
    assert _proposal("CKV_AWS_394", files).candidates
    files["root/main.tf.jinja"] = 'module "m" {\n  source = "../m"\n  name   = "{{ name }}"\n}\n'
    assert not _proposal("CKV_AWS_394", files).candidates

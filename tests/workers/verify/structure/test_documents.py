"""Which reader takes which file."""

import pytest

from daemon.domain.fix import Edit
from workers.verify.structure.documents import Malformed, reader
from workers.verify.structure.preserved import preservation


@pytest.mark.parametrize("content", [b"Resources:\n  A: {Type: !Ref t}\n", b'{"Resources": {"A": {"Type": "t"}}}'])
def test_a_template_is_yaml_or_json_whatever_its_suffix_says(content):
    """What a fix changes of it is compared key by key, as in a file that is called by its language."""
    assert "A" in reader("t.template")(content)["Resources"]
    after = content.replace(b"A", b"B")
    assert preservation("t.template", content, after, [], ["Resources.A.Properties"], []).by == "document"


def test_what_is_filled_in_otherwise_is_no_document():
    """A server's configuration with its variables."""
    with pytest.raises(Malformed, match="CloudFormation"):
        reader("nginx.conf.template")(b"listen ${PORT};\n")


ALIASED = b"""provider "aws" {
  region = "eu-west-1"
}

provider "aws" {
  alias = "replica"
}

resource "aws_kms_key" "replica" {
  dynamic "filter" {}
  dynamic "filter" {}
}
"""


def test_a_provider_with_an_alias_and_two_dynamic_blocks_are_compared_like_everything_else():
    """They may stand several times, and say no less of what a fix changed."""
    at = ALIASED.index(b"  dynamic")
    edit = Edit(path="main.tf", start=at, end=at, text="  enable_key_rotation = true\n")
    after = ALIASED[:at] + edit.text.encode() + ALIASED[at:]
    declares = ["resource.aws_kms_key.replica.enable_key_rotation"]
    assert preservation("main.tf", ALIASED, after, [edit], declares, []).violations == ()
    elsewhere = after.replace(b'"replica"\n}', b'"other"\n}')
    assert preservation("main.tf", ALIASED, elsewhere, [edit], declares, []).violations != ()


@pytest.mark.parametrize(
    "inside",
    ["disk = []\n  disk {}", "disk {}\n  disk = []", 'disk = []\n  disk "a" {}'],
    ids=["value", "block", "label"],
)
def test_a_value_and_a_block_of_one_name_are_no_module(inside):
    """Terraform refuses it; the reader says so, and does not fail."""
    with pytest.raises(Malformed, match="as a value and as a block"):
        reader("m.tf")(f'resource "a" "b" {{\n  {inside}\n}}\n'.encode())


def test_the_same_resource_twice_is_no_module():
    """Terraform refuses it."""
    with pytest.raises(Malformed, match="stands twice"):
        reader("main.tf")(b'resource "a" "b" {}\nresource "a" "b" {}\n')


def test_a_file_that_repeats_a_key_itself_is_still_compared():
    before = b"kind: Pod\nspec: {a: 1}\n---\nkind: ConfigMap\nkind: ConfigMap\ndata: {b: 2}\n"
    after = before.replace(b"a: 1", b"a: 1, c: 3")
    declared = preservation("k.yaml", before, after, (), ["0.spec.c"], ())
    assert (declared.by, declared.violations) == ("document", ())
    assert preservation("k.yaml", before, after, (), ["0.spec.d"], ()).violations
    again = after.replace(b"data: {b: 2}", b"data: {b: 2}\nkind: Secret")
    assert preservation("k.yaml", before, again, (), ["0.spec.c"], ()).violations

"""Templates that something writes are left to what writes them."""

import pytest

from workers.fixers.cloudformation.made import made_by
from workers.source import yamldoc
from workers.source.tree import MemoryTree

FUNCTION = "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: {}\n"
PACKED = "s3://deployments/app/0123456789abcdef0123456789abcdef"


def _said(text, path="infra/packaged.yaml", **files):
    named = {name.replace("__", "/"): content.encode() for name, content in files.items()}
    doc = yamldoc.parse(text.encode(), path)
    return made_by(MemoryTree({path: text.encode(), **named}), path, doc.root)


def test_a_digest_where_a_folder_stood_says_that_it_is_packed():
    assert "package" in _said(FUNCTION.format(PACKED))
    assert not _said(FUNCTION.format("s3://deployments/app/release-1.zip"))
    assert not _said(FUNCTION.format("src/"))


def test_the_cdk_notes_where_it_made_a_resource():
    assert "CDK" in _said("Resources:\n  B:\n    Type: AWS::S3::Bucket\n    Metadata: {aws:cdk:path: Stack/B}\n")


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("buildspec.yml", "aws cloudformation package --output-template-file ./infra/packaged.yaml"),
        ("infra/Makefile", "\tsam package --output-template-file=packaged.yaml"),
        ("samconfig.toml", 'output_template_file = "infra/packaged.yaml"'),
    ],
)
def test_whoever_has_it_written_says_so(where, line):
    files = {where.replace("/", "__"): line}
    assert where in _said(FUNCTION.format("src/"), **files)
    assert not _said(FUNCTION.format("src/"), path="infra/template.yaml", **files)

import pytest

from workers.source import modules
from workers.source.modules import Source, allows, newest, parse, releases

VPC = "terraform-aws-modules/terraform-aws-vpc"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("terraform-aws-modules/vpc/aws", Source(VPC, "", None)),
        ("o/iam/aws//modules/iam-user", Source("o/terraform-aws-iam", "//modules/iam-user", None)),
        ("git::https://github.com/o/n.git//a/b?ref=v1.2", Source("o/n", "//a/b", "v1.2")),
        ("git@github.com:o/n.git?ref=main", Source("o/n", "", "main")),
        ("git::ssh://git@github.com/o/n?ref=1.0.0", Source("o/n", "", "1.0.0")),
        ("github.com/o/n", Source("o/n", "", "")),
        ("./modules/vpc", None),
        ("../vpc", None),
        ("git::https://example.org/o/n.git?ref=v1", None),
        ("${var.source}", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_source_names_a_repository_where_it_is_one_on_github(written, expected):
    assert parse(written) == expected


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        ("", "v6.6.0"),
        ("~> 5.0", "v5.21.0"),
        ("~> 5", "v6.6.0"),
        ("~> 3.14.0", "v3.14.4"),
        ("= 5.1.2", "v5.1.2"),
        (">= 3.0, < 4.0", "v3.19.0"),
        ("~> 5.0, != 5.21.0", "v5.20.0"),
        ("~> 99.0", None),
        ("latest", None),
    ],
)
def test_a_constraint_chooses_what_terraform_would(constraint, expected):
    assert newest(VPC, constraint) == expected


def test_the_lock_holds_commits_the_newest_release_first():
    for module in modules._modules().values():
        numbers = [tuple(int(part) for part in tag.lstrip("v").split(".")) for tag in module.releases]
        assert numbers == sorted(numbers, reverse=True)
        assert all(modules.COMMIT.fullmatch(commit) for commit in module.releases.values())
        assert allows("", next(iter(module.releases)))


def test_nothing_is_known_of_what_the_lock_does_not_hold():
    assert releases("example/terraform-aws-app") == {}
    assert newest("example/terraform-aws-app", "") is None
    assert releases(VPC.upper()) == releases(VPC)

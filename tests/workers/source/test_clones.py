"""What a script does in clones of other repositories, which what checkout keeps is not for."""

import pytest

from workers.source.clones import without_own

WORK = "{clone}\ncd site\ngit push\ncd ..\ngit tag x\n"


@pytest.mark.parametrize(
    ("clone", "left_out"),
    [
        ("git clone git@example.org:a/site.git", True),
        ("git clone https://${{ secrets.PAT }}@github.com/a/site.git site", True),
        ("git clone --depth 1 https://x-access-token:${{ secrets.PAT }}@github.com/a/site", True),
        ("git clone https://github.com/a/site", False),
        ("git clone https://${{ secrets.GITHUB_TOKEN }}@github.com/a/site", False),
        ("git clone https://$GITHUB_TOKEN@github.com/a/site", False),
        ("git clone https://${{ secrets.PAT }}@github.com/a/site && git clone https://github.com/a/b", False),
        ("echo https://${{ secrets.PAT }}@github.com/a/site", False),
    ],
)
def test_a_clone_that_has_a_credential_of_its_own_is_left_out(clone: str, left_out: bool) -> None:
    script = WORK.format(clone=clone)
    after = without_own(script)
    assert ("git push" in after) != left_out
    assert "git tag x" in after

"""Which reader takes which file."""

import pytest

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

"""Markup that is meant goes through the sanitizer that the project has."""

import pytest

from daemon.domain.edits import apply_edits

_PAGE = """import React from 'react';

export default function Preview({ text }) {
  return <div dangerouslySetInnerHTML={{ __html: text }} />;
}
"""


@pytest.mark.parametrize(("manifest", "made"), [('{"dependencies": {"dompurify": "^3.0.0"}}', True), ("{}", False)])
def test_it_is_imported_where_the_project_asks_for_it(asked, manifest, made):
    files = {"Preview.jsx": _PAGE, "package.json": manifest}
    found = asked(files, "semgrep", "react-dangerouslysetinnerhtml", "Preview.jsx", 4)
    assert bool(found.candidates) is made
    if made:
        after = apply_edits(_PAGE.encode(), found.candidates[0].edits).decode()
        assert after.startswith("import DOMPurify from 'dompurify';\nimport React")
        assert "{ __html: DOMPurify.sanitize(text) }" in after

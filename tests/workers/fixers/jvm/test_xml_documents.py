"""Documents of the project that a parser may have to read."""

import pytest

READS = """class A {
  Document f(String uri) throws Exception {
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    DocumentBuilder builder = factory.newDocumentBuilder();
    return builder.parse(uri);
  }
}
"""
EITHER = ["no-doctype", "no-external-entities"]


@pytest.mark.parametrize(
    ("path", "head", "approaches"),
    [
        ("config/forms.xml", '<?xml version="1.0"?>\n<!DOCTYPE forms SYSTEM "forms.dtd">\n', EITHER[1:]),
        ("config/forms.xml", "<!-- forms -->\n<!DOCTYPE forms [<!ENTITY a 'b'>]>\n", EITHER[1:]),
        ("web.xml", '<!DOCTYPE web-app PUBLIC "-//Sun//DTD" "http://java.sun.com/web-app.dtd">\n', EITHER),
        ("config/forms.xml", "", EITHER),
    ],
)
def test_a_doctype_is_refused_where_no_document_of_the_project_has_its_own(asked, path, head, approaches):
    files = {"src/A.java": READS, path: f"{head}<forms/>\n"}
    rule = "documentbuilderfactory-disallow-doctype-decl-missing"
    made = asked(files, "semgrep", rule, "src/A.java", 4)
    assert [each.approach for each in made.candidates] == approaches

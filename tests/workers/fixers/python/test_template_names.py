import pytest

MAIL = 'import jinja2\nenv = jinja2.Environment(loader=jinja2.FileSystemLoader("mail/templates"))\n'


@pytest.mark.parametrize(
    ("templates", "approaches"),
    [
        (["a.html", "b.xml"], ["select-autoescape", "autoescape-always"]),
        (["a.html", "b.txt"], ["select-autoescape"]),
        ([], ["select-autoescape"]),
        (["a.conf", "b.txt"], []),
    ],
)
def test_all_are_escaped_where_the_folder_holds_pages_alone(asked, templates, approaches):
    files = {"mail/send.py": MAIL, **{f"mail/templates/{name}": "" for name in templates}}
    assert [each.approach for each in asked(files, "bandit", "B701", "mail/send.py", 2).candidates] == approaches

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


@pytest.mark.parametrize(
    ("template", "offered"),
    [
        ("<script>var rows = {{ rows | to_json }};</script>", False),
        ("<script>\nvar rows = {{ rows | tojson }};\nvar name = '{{ name }}';</script>", True),
        ("<script>var many = {{ many }};</script>", False),
        ("<script>var many = {{ rows | length }};</script><p>{{ name }}</p>", True),
        ("<div>{{ page.html }}</div>", False),
        ("<div>{{ page.html | safe }}{{ super() }}</div>", True),
        ("<div>{{ text | markdown }}</div>", False),
        ("<body>\n  <p>Hi,</p>\n  {{ preamble }}\n  {{ message }}\n</body>", False),
        ("<h1>\n  {{ title }}\n</h1>\n<p>{{ name }}</p>", True),
        ("<div>{{ name }}</div>{% block content %}{% endblock %}", True),
    ],
)
def test_nothing_is_escaped_where_a_template_inserts_html_or_the_data_of_a_script(asked, template, offered):
    files = {"mail/send.py": MAIL, "mail/templates/a.html": template}
    assert bool(asked(files, "bandit", "B701", "mail/send.py", 2).candidates) is offered

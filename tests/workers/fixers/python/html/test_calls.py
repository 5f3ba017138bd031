"""HTML that other files of the repository make."""

import pytest

TYPED = "from django.utils.html import format_html\ndef icon(x):\n    return format_html('<i>{}</i>', x)\n"
LINK = "class Row:\n    @property\n    def link(self):\n        return '<a>%s</a>' % self.name\n"
CODE = """from django.utils.safestring import mark_safe
from app.icons import {name}
def shown(label, x):
    return mark_safe("<b>%s %s</b>" % ({used}, label))
"""


@pytest.mark.parametrize(
    ("name", "used", "other", "offered"),
    [
        ("icon", "icon(x)", "def icon(x):\n    return '<i class=\"%s\"></i>' % x\n", False),
        ("icon", "icon(x)", "def icon(x):\n    return x.name\n", True),
        ("icon", "icon(x)", TYPED, True),
        ("icon", "icon(x)", "def other():\n    return 1\n", False),
        ("ICON", "ICON", "ICON = '<i></i>'\n", False),
        ("ICON", "ICON", "ICON = 'star'\n", True),
        ("ICON", "ICON", "", False),
        ("Row", "x.link", LINK, False),
        ("Row", "x.link", LINK.replace("'<a>%s</a>' % ", ""), True),
    ],
)  # fmt: skip
def test_what_may_be_html_is_not_escaped(asked, name, used, other, offered):
    files = {"app/a.py": CODE.format(name=name, used=used), "app/icons.py": other}
    assert bool(asked(files, "bandit", "B308", "app/a.py", 4).candidates) is offered


BADGE = """from django.utils.safestring import mark_safe
def badge(label):
    return mark_safe("<b>%s</b>" % label)
"""


@pytest.mark.parametrize(
    ("label", "offered"),
    [
        ("user.name", True),
        ("_('New')", True),
        ("form.hidden_tag()", True),
        ("'<i>new</i>'", False),
        ("user.name + '<br>'", False),
        ("icon_html", False),
    ],
)
def test_html_that_a_caller_gives_is_not_escaped(asked, label, offered):
    other = f"from app.a import badge\ndef show(user, form, icon_html):\n    return badge({label})\n"
    files = {"app/a.py": BADGE, "app/b.py": other}
    assert bool(asked(files, "bandit", "B308", "app/a.py", 3).candidates) is offered

"""Fields of a layout whose kind a style says."""

import pytest

FIELD = '<EditText\n    android:id="@+id/passcode"\n    style="@style/Code" />\n'
STYLE = '<resources>\n  <style name="Code">\n    <item name="android:{}">{}</item>\n  </style>\n</resources>\n'


@pytest.mark.parametrize(
    ("item", "value", "says"),
    [
        ("password", "true", "is a password by its style"),
        ("inputType", "numberPassword", "is a password by its style"),
        ("inputType", "number", "has its kind by its style"),
        ("gravity", "center", None),
    ],
)
def test_what_a_style_says_of_a_field_is_not_put_aside(asked, item, value, says):
    files = {"app/res/layout/a.xml": FIELD, "app/res/values/styles.xml": STYLE.format(item, value)}
    made = asked(files, "mobsfscan", "android_layout_sensitive_input_keyboard_cache", "app/res/layout/a.xml", 1)
    assert bool(made.candidates) == (says is None)
    assert says is None or says in (made.reason or "")

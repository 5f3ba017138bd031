"""Credentials of an app, which has no environment."""

import pytest


@pytest.mark.parametrize(
    ("build", "why"),
    [
        ("plugins { id 'com.android.application' }", "Android app"),
        ("plugins { alias(libs.plugins.android.application) }", "Android app"),
        ("android {\n    namespace 'org.example'\n}", "Android app"),
        ("plugins { id 'java' }", None),
    ],
)
def test_an_app_s_class_that_imports_nothing_of_android_has_no_environment(asked, build, why):
    """Its module's build says what it is part of."""
    path = "app/src/main/java/org/example/Server.java"
    files = {path: 'class Server {\n  String dbPassword = "hunter2-x";\n}\n', "app/build.gradle": build}
    made = asked(files, "mobsfscan", "hardcoded_password", path, 2)
    assert bool(made.candidates) == (why is None)
    assert why is None or why in made.reason


@pytest.mark.parametrize("use", ["@Value(Server.DB_PASSWORD)", "switch (given) { case Server.DB_PASSWORD: break; }"])
def test_a_constant_that_another_class_needs_at_compile_time_stays_one(asked, use):
    """What is read at run time is no constant for an annotation or a `case`."""
    path = "src/Server.java"
    files = {path: 'class Server {\n  static final String DB_PASSWORD = "hunter2-x";\n}\n'}
    assert asked(files, "mobsfscan", "hardcoded_password", path, 2).candidates
    made = asked({**files, "src/Use.java": f"class Use {{ {use} }}\n"}, "mobsfscan", "hardcoded_password", path, 2)
    assert not made.candidates
    assert "compile-time constant" in made.reason


def test_a_character_set_beside_a_password_is_none(asked):
    text = 'class Server {\n  String login(String password) {\n    return Md.encode(password, "UTF-8");\n  }\n}\n'
    made = asked({"src/Server.java": text}, "mobsfscan", "hardcoded_password", "src/Server.java", 3)
    assert made.harmless

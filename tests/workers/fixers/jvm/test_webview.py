import pytest


@pytest.mark.parametrize(
    ("condition", "harmless"),
    [
        ("BuildConfig.DEBUG", True),
        ("Build.VERSION.SDK_INT >= 21 && BuildConfig.IS_TEST_BUILD && BuildConfig.DEBUG", True),
        ("mode != null && BuildConfig.DEBUG", True),
        ("!BuildConfig.DEBUG", False),
        ("BuildConfig.DEBUG || wanted", False),
        ("wanted", False),
    ],
)
@pytest.mark.parametrize("language", ["java", "kt"])
def test_debugging_in_debug_builds_alone_has_nothing_to_mend(asked, language, condition, harmless):
    end = ";" if language == "java" else ""
    inside = f"if ({condition}) {{\n      WebView.setWebContentsDebuggingEnabled(true){end}\n    }}"
    function = {"java": "void show() {", "kt": "fun show() {"}[language]
    path = f"app/src/main/java/Show.{language}"
    rule = {"java": "webview_debugging", "kt": "android_kotlin_webview_debug"}[language]
    text = f"class Show {{\n  {function}\n    {inside}\n  }}\n}}\n"
    proposal = asked({path: text}, "mobsfscan", rule, path, 4)
    assert proposal.harmless is harmless
    assert bool(proposal.candidates) is not harmless


@pytest.mark.parametrize(("release", "approaches"), [(34, ["off", "left-out"]), (29, ["off"])])
def test_a_right_that_newer_apps_do_not_have_by_themselves_can_be_left_out(asked, release, approaches):
    path = "app/src/main/java/Show.kt"
    text = (
        "class Show {\n  fun show(web: WebView) {\n    web.settings.allowFileAccess = true\n    web.reload()\n  }\n}\n"
    )
    files = {path: text, "app/build.gradle.kts": f"android {{ defaultConfig {{ targetSdk = {release} }} }}"}
    made = asked(files, "mobsfscan", "android_kotlin_webview_set_allow_file_access", path, 3)
    assert [each.approach for each in made.candidates] == approaches


def test_the_buildconfig_of_the_module_is_named_with_its_package(asked):
    path = "app/src/main/java/Show.java"
    shows = "WebView.setWebContentsDebuggingEnabled(true);"
    text = f"package org.example.ui;\nclass Show {{\n  void show() {{\n    {shows}\n  }}\n}}\n"
    other = "package org.example;\nclass App { boolean debug = BuildConfig.DEBUG; }\n"
    alone = asked({path: text}, "mobsfscan", "webview_debugging", path, 4)
    assert [each.approach for each in alone.candidates] == ["off"]
    made = asked({path: text, "app/src/main/java/App.java": other}, "mobsfscan", "webview_debugging", path, 4)
    assert [each.edits[0].text for each in made.candidates] == ["false", "org.example.BuildConfig.DEBUG"]

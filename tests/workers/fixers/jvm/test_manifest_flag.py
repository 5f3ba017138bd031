"""Manifests of several modules."""

import pytest


@pytest.mark.parametrize(
    ("build", "harmless"),
    [
        ('plugins { id("com.android.dynamic-feature") }', True),
        ("apply plugin: 'com.android.library'", True),
        ("plugins { alias(libs.plugins.android.library) }", True),
        ('plugins { id("com.android.application") }', False),
    ],
)
def test_what_a_part_of_an_app_does_not_say_its_app_does(asked, build, harmless):
    """Another value in a library's manifest than in the app's stops the build."""
    path = "ar/src/main/AndroidManifest.xml"
    files = {path: "<manifest>\n    <application />\n</manifest>\n", "ar/build.gradle.kts": build}
    made = asked(files, "mobsfscan", "android_manifest_missing_explicit_allow_backup", path)
    assert (made.harmless, bool(made.candidates)) == (harmless, not harmless)

"""Manifests of several modules."""

import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree


@pytest.mark.parametrize(
    ("build", "harmless"),
    [
        ('plugins { id("com.android.dynamic-feature") }', True),
        ("apply plugin: 'com.android.library'", True),
        ("plugins { alias(libs.plugins.android.library) }", True),
        ('plugins { id("com.android.application") }', False),
    ],
)
def test_what_a_part_of_an_app_does_not_say_its_app_does(build, harmless):
    """Another value in a library's manifest than in the app's stops the build."""
    path = "ar/src/main/AndroidManifest.xml"
    finding = Finding(
        tool="mobsfscan",
        rule="android_manifest_missing_explicit_allow_backup",
        message="",
        severity=Severity.LOW,
        locations=(Location(path=path, region=Region(start_line=1)),),
    )
    files = {path: b"<manifest>\n    <application />\n</manifest>\n", "ar/build.gradle.kts": build.encode()}
    made = propose(Target(finding=finding, tree=MemoryTree(files)))
    assert (made.harmless, bool(made.candidates)) == (harmless, not harmless)

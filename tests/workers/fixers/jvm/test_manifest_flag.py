import pytest

MANIFEST = '<manifest>\n    <application\n        android:name=".App" />\n</manifest>\n'


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("app/src/debug/AndroidManifest.xml", "of debug builds alone"),
        ("app/src/play/AndroidManifest.xml", "whose value holds"),
        ("app/src/main/AndroidManifest.xml", None),
    ],
)
def test_a_variant_adds_nothing_that_another_manifest_says(asked, path, says):
    files = {path: MANIFEST, "app/src/main/AndroidManifest.xml": MANIFEST}
    made = asked(files, "mobsfscan", "android_manifest_missing_explicit_allow_backup", path, 2)
    assert bool(made.candidates) == (says is None)
    assert says is None or says in (made.reason or "")


SAYS_TRUE = MANIFEST.replace("android:name", 'android:allowBackup="true" android:name')
OPEN = '<network-security-config>\n    <base-config cleartextTrafficPermitted="true">\n    </base-config>\n'


@pytest.mark.parametrize(
    ("app", "others", "rule", "says"),
    [
        (MANIFEST, {"lib/src/main/AndroidManifest.xml": SAYS_TRUE}, "android_manifest_missing_explicit_allow_backup",
         "lib/src/main/AndroidManifest.xml says `android:allowBackup` as well"),
        (SAYS_TRUE, {"lib/src/main/AndroidManifest.xml": SAYS_TRUE}, "android_manifest_allow_backup",
         "says `android:allowBackup` as well"),
        (SAYS_TRUE.replace(" />", ' android:backupAgent=".Agent" />'), {}, "android_manifest_allow_backup",
         "by rules of its own"),
        (MANIFEST.replace("android:name", 'android:usesCleartextTraffic="true" android:name'),
         {"app/src/main/res/xml/network.xml": OPEN}, "android_manifest_usescleartext",
         "lets plain HTTP through to all hosts"),
        (SAYS_TRUE, {}, "android_manifest_allow_backup", None),
    ],
)  # fmt: skip
def test_a_switch_is_left_to_the_file_that_decides(asked, app, others, rule, says):
    made = asked(
        {"app/src/main/AndroidManifest.xml": app, **others}, "mobsfscan", rule, "app/src/main/AndroidManifest.xml", 2
    )
    assert bool(made.candidates) == (says is None)
    assert says is None or says in (made.reason or "")

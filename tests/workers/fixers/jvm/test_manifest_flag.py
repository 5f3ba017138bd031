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


@pytest.mark.parametrize(
    "inside",
    [
        "<category android:name='android.intent.category.LAUNCHER' />",
        "<action android:name='android.intent.action.SEND' />",
    ],
)
def test_what_others_are_meant_to_start_has_to_be_open(asked, inside):
    path = "app/src/main/AndroidManifest.xml"
    text = (
        '<manifest>\n<application>\n<activity android:name=".A" android:exported="true">\n'
        f"<intent-filter>{inside}</intent-filter>\n</activity>\n</application>\n</manifest>\n"
    )
    made = asked({path: text}, "semgrep", "exported_activity", path, 3)
    assert made.harmless
    assert not made.candidates


def test_a_component_that_a_description_names_stays_open(asked):
    path = "app/src/main/AndroidManifest.xml"
    activity = '<activity android:name=".A" android:exported="true" />'
    text = f"<manifest>\n<application>\n{activity}\n</application>\n</manifest>\n"
    xml = '<dream xmlns:android="x" android:settingsActivity="org.example/.A" />'
    assert asked({path: text}, "semgrep", "exported_activity", path, 3).candidates
    assert not asked(
        {path: text, "app/src/main/res/xml/dream.xml": xml}, "semgrep", "exported_activity", path, 3
    ).candidates

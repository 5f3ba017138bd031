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

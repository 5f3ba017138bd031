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


_PLAIN = '<manifest>\n    <application android:usesCleartextTraffic="true">\n    </application>\n</manifest>\n'


@pytest.mark.parametrize(
    ("others", "approaches"),
    [
        ({"app/build.gradle": "android { defaultConfig { targetSdkVersion 34 } }"}, ["closed", "default"]),
        ({"app/build.gradle.kts": "android { defaultConfig { targetSdk = 34 } }"}, ["closed", "default"]),
        ({"app/build.gradle": "android { defaultConfig { targetSdkVersion 26 } }"}, ["closed"]),
        ({"app/src/main/java/Api.kt": 'const val BASE = "http://api.shop.test/v1/"'}, []),
        ({"app/src/main/java/Api.kt": 'val NS = "http://schemas.android.com/apk/res/android"'}, ["closed"]),
        ({"app/src/test/java/ApiTest.kt": 'val base = "http://api.shop.test/v1/"'}, ["closed"]),
    ],
)
def test_plain_http_is_refused_unless_the_app_itself_asks_by_it(asked, others, approaches):
    """Without the attribute the system refuses it from Android 9 on."""
    path = "app/src/main/AndroidManifest.xml"
    made = asked({path: _PLAIN, **others}, "mobsfscan", "android_manifest_usescleartext", path, 2)
    assert [each.approach for each in made.candidates] == approaches


@pytest.mark.parametrize(("host", "offered"), [("api.shop.test", False), ("cdn.example.net", True)])
def test_a_host_that_the_app_asks_by_plain_http_is_not_closed(asked, host, offered):
    """Its configuration names the hosts."""
    path = "app/src/main/res/xml/network_security_config.xml"
    config = (
        '<network-security-config>\n    <domain-config cleartextTrafficPermitted="true">\n'
        f"        <domain>{host}</domain>\n    </domain-config>\n</network-security-config>\n"
    )
    files = {path: config, "app/src/main/java/Api.kt": 'const val BASE = "http://api.shop.test/v1/"'}
    made = asked(files, "mobsfscan", "android_manifest_domain_config_cleartext", path, 2)
    assert bool(made.candidates) is offered

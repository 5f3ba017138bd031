import pytest

from workers.source.tests import is_test


@pytest.mark.parametrize(
    "path",
    [
        "tests/test_app.py",
        "app/tests.py",
        "app/conftest.py",
        "pkg/thing_test.py",
        "app/src/androidTest/kotlin/Login.kt",
        "src/main/LoginTest.java",
        "web/login.spec.ts",
        "web/__tests__/login.js",
        "e2e/login.ts",
        "pkg/login_test.go",
        "app/login_spec.rb",
        "pkg/cmd/testdata/key.pem",
        "web/app/__stubs__/jwt.ts",
        "certbot-ci/src/certbot_integration_tests/assertions.py",
        "shop/settings/ci.py",
        ".github/scripts/honeypot-tests.py",
        "stubs/sso/__init__.py",
    ],
)
def test_what_a_test_runner_looks_for_is_a_test(path):
    assert is_test(path)


@pytest.mark.parametrize(
    "path",
    [
        "app/contest.py",
        "src/latest/app.py",
        "app/testclient.py",
        "src/Testament.java",
        "spec.ts",
        "shop/ab_test/run.py",
    ],
)
def test_a_name_that_only_sounds_like_one_is_none(path):
    assert not is_test(path)

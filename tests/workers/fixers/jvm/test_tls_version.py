import pytest


@pytest.mark.parametrize(
    ("path", "build", "approaches"),
    [
        ("pom.xml", "<java.version>1.8</java.version>", ["tls-1.2"]),
        ("pom.xml", "<java.version>17</java.version>", ["tls-1.3", "tls-1.2"]),
        ("build.gradle", "sourceCompatibility = JavaVersion.VERSION_1_8", ["tls-1.2"]),
        ("build.gradle.kts", "minSdk = 24", ["tls-1.2"]),
    ],
)
def test_where_the_platform_may_have_no_tls_1_3_it_is_1_2(asked, path, build, approaches):
    text = 'class A {\n  SSLContext c = SSLContext.getInstance("TLSv1");\n}\n'
    made = asked({"src/A.java": text, path: build}, "semgrep", "weak-ssl-context", "src/A.java", 2)
    assert [each.approach for each in made.candidates] == approaches

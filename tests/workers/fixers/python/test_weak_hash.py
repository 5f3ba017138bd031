import pytest

MAKES = "import hashlib\n\n\ndef cached(text):\n    return hashlib.sha1(text).hexdigest()\n"


@pytest.mark.parametrize(("length", "approaches"), [(40, ["not-for-security"]), (64, ["not-for-security", "sha256"])])
def test_a_column_that_is_too_narrow_keeps_its_digest(asked, length, approaches):
    models = f"class Options(models.Model):\n    option_hash = models.CharField(max_length={length})\n"
    made = asked({"app/mark.py": MAKES, "app/models.py": models}, "bandit", "B324", "app/mark.py", 5)
    assert [each.approach for each in made.candidates] == approaches

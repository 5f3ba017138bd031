READS = "import pickle\n\n\ndef read(request):\n    return pickle.loads(request.body)\n"


def test_what_another_module_pickles_is_not_taken_for_plain_data(asked):
    files = {"shop/read.py": READS, "shop/cache.py": "import pickle\n\npickle.dump(anything, stream)\n"}
    made = asked(files, "bandit", "B301", "shop/read.py", 5)
    assert not made.candidates
    assert "what shop/cache.py pickles" in (made.reason or "")


def test_bytes_from_elsewhere_are(asked):
    made = asked({"shop/read.py": READS}, "bandit", "B301", "shop/read.py", 5)
    assert [each.approach for each in made.candidates] == ["plain-data"]

from daemon.domain.finding import Package
from daemon.masking import MASK
from workers.analysis.context import code_context
from workers.source.tree import MemoryTree

PYTHON = b"""import os


class Shell:
    def run(self, name):
        command = 'ls ' + name
        return os.system(command)

    def other(self):
        return 1
"""


def test_the_enclosing_function_is_shown_whole_with_its_class(make_finding):
    context = code_context(make_finding(line=7), MemoryTree({"app.py": PYTHON}), lines=10)
    assert (context.language, context.function, context.class_name) == ("python", "run", "Shell")
    assert (context.start_line, context.text.split("\n")[0].strip()) == (5, "def run(self, name):")
    assert "other" not in context.text


def test_a_function_that_is_too_long_gives_way_to_the_lines_around_the_finding(make_finding):
    body = b"def long():\n" + b"".join(b"    x%d = 1\n" % at for at in range(100))
    context = code_context(make_finding(line=60), MemoryTree({"app.py": body}), lines=9)
    assert context.function == "long"
    assert context.text.count("\n") == 8
    assert context.start_line < 60 < context.start_line + 9


def test_code_of_an_unknown_language_is_shown_without_names(make_finding):
    tree = MemoryTree({"notes.xyz": b"one\r\ntwo\r\nthree\r\n"})
    context = code_context(make_finding(path="notes.xyz", line=2), tree, lines=2)
    assert (context.language, context.function) == (None, None)
    assert "two" in context.text
    assert "\r" not in context.text


def test_secrets_are_masked_and_endless_lines_are_cut(make_finding):
    content = b"password = 'hunter2hunter2'\n" + b"x" * 5000
    context = code_context(make_finding(line=1), MemoryTree({"app.py": content}), lines=5)
    assert MASK in context.text
    assert "hunter2" not in context.text
    assert max(map(len, context.text.split("\n"))) <= 300


def test_a_line_beyond_the_file_and_bytes_that_are_no_text_are_survived(make_finding):
    context = code_context(make_finding(line=900), MemoryTree({"app.py": b"\xff\xfe = 1\n"}), lines=5)
    assert context.start_line == 1


def test_a_dependency_finding_shows_the_head_of_its_manifest(make_finding):
    package = Package(ecosystem="npm", name="left-pad", version="1.0.0", manifest="package.json")
    finding = make_finding(path=None, package=package)
    context = code_context(finding, MemoryTree({"package.json": b'{"name": "x"}\n'}), lines=5)
    assert (context.language, context.start_line) == ("json", 1)


def test_no_file_no_context(make_finding):
    assert code_context(make_finding(), MemoryTree({}), lines=5) is None
    assert code_context(make_finding(path=None), MemoryTree({}), lines=5) is None

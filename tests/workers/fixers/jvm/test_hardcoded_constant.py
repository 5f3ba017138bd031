import pytest

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

CODE = 'package shop\n\nobject Slack {\n    const val SLACK_TOKEN = "q9X2vB7nK4mZ8wT1"\n}\n'


@pytest.mark.parametrize(
    ("others", "moves"),
    [
        ({}, True),
        ({"Post.kt": "fun post() = send(Slack.SLACK_TOKEN)\n"}, True),
        ({"Post.kt": "@Header(Slack.SLACK_TOKEN)\nclass Post\n"}, False),
        ({"Post.kt": 'const val HEADER = "Bearer ${Slack.SLACK_TOKEN}"\n'}, False),
        ({"Post.java": "class Post { String token = Slack.SLACK_TOKEN; }\n"}, False),
    ],
)
def test_a_constant_that_nothing_needs_early_is_read_when_the_program_starts(others, moves):
    place = Location(path="Slack.kt", region=Region(start_line=4))
    rule = "android_kotlin_hardcoded"
    finding = Finding(tool="mobsfscan", rule=rule, message="", severity=Severity.HIGH, locations=(place,))
    files = {"Slack.kt": CODE, "build.gradle.kts": "", **others}
    made = propose(Target(finding=finding, tree=MemoryTree({path: text.encode() for path, text in files.items()})))
    after = {each.approach: apply_edits(CODE.encode(), each.edits).decode() for each in made.candidates}
    assert bool(after) is moves
    for text in after.values():
        assert '    val SLACK_TOKEN = System.getenv("SLACK_TOKEN")' in text

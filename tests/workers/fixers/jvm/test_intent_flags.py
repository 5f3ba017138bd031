"""Flags that another file of an app says."""

import pytest

HELD = """package a

val Fixed = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.M) {
    PendingIntent.FLAG_IMMUTABLE
} else {
    0
}

val Open = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.S) {
    PendingIntent.FLAG_MUTABLE
} else {
    0
}

const val ONCE = PendingIntent.FLAG_ONE_SHOT
"""
KOTLIN = "class A(val alarms: AlarmManager) {{\n    val p = PendingIntent.getActivity(c, 0, i, {})\n}}\n"
JAVA = "class A {{\n  AlarmManager alarms;\n  PendingIntent p = PendingIntent.getActivity(c, 0, i, {});\n}}\n"


@pytest.mark.parametrize(
    ("path", "text", "flags", "says"),
    [
        ("src/A.kt", KOTLIN, "Fixed", "sets FLAG_IMMUTABLE"),
        ("src/A.kt", KOTLIN, "PendingIntent.FLAG_ONE_SHOT or Fixed", "sets FLAG_IMMUTABLE"),
        ("src/A.kt", KOTLIN, "Open", "has to stay mutable"),
        ("src/A.kt", KOTLIN, "ONCE", None),
        ("src/A.kt", KOTLIN, "Flags.unknown()", "takes its flags from elsewhere"),
        ("src/A.java", JAVA, "FlagsKt.getFixed()", "sets FLAG_IMMUTABLE"),
        ("src/A.java", JAVA, "Flags.UNKNOWN | PendingIntent.FLAG_ONE_SHOT", "takes its flags from elsewhere"),
    ],
)
def test_flags_are_read_where_they_are_said(asked, path, text, flags, says):
    rule = (
        "android_kotlin_pending_intent_not_immutable"
        if path.endswith(".kt")
        else "android_pending_intent_not_immutable"
    )
    line = 1 + text.format(flags).partition("PendingIntent.get")[0].count("\n")
    made = asked({path: text.format(flags), "src/Flags.kt": HELD}, "mobsfscan", rule, path, line)
    assert bool(made.candidates) == (says is None)
    assert says is None or says in (made.reason or "")

"""A script of a step that expressions are pasted into: where it stands, and how text of it is changed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from daemon.domain.fix import Edit
from workers.fixers.registry import NoFix
from workers.fixers.workflows.model import EXPRESSION, Step, Workflow
from workers.fixers.workflows.script import expressions
from workers.fixers.workflows.script.shell_rewrite import Change
from workers.source import yamledit
from workers.source.yamldoc import Node

_SINKS = {
    "actions/github-script": ("script", "javascript"),
    "azure/powershell": ("inlineScript", "powershell"),
    "amadevus/pwsh-script": ("script", "powershell"),
    "jannekem/run-python-script-action": ("script", "python"),
}
_ELSEWHERE = frozenset(("appleboy/ssh-action", "addnab/docker-run-action", "garygrossgarten/github-action-ssh"))
_SHELLS = {"bash": "shell", "sh": "shell", "zsh": "shell", "ksh": "shell", "dash": "shell", "pwsh": "powershell",
           "powershell": "powershell", "python": "python", "python3": "python", "node": "javascript"}  # fmt: skip
_UNKNOWN_SHELL = {
    "cmd": "cmd expands %NAME% before it parses the line, so a variable would be code as well: use another shell",
    "pwsh-or-bash": "this script may run in bash and in PowerShell, as its runner is, and they read variables "
    "differently: give the step a `shell` first",
}


@dataclass
class Script:
    """One script with its place in the document."""

    workflow: Workflow
    step: Step
    key: str
    node: Node
    parent: Node
    language: str
    names: dict[str, str] = field(default_factory=dict)
    """Variable → the expression it carries."""

    def fresh(self) -> Script:
        """The same without variables."""
        return Script(self.workflow, self.step, self.key, self.node, self.parent, self.language)

    @property
    def text(self) -> str:
        """What the edits count in: the lines of a block scalar as they are written, else the value."""
        if not self.node.block:
            return self.node.value
        source = self.workflow.doc.source(self.node)
        return source.partition("\n")[2]

    @property
    def taken(self) -> dict[str, str]:
        """The variables that the step sees already, with their values."""
        job = self.step.job
        places = [self.workflow.root.child("env"), job.node.child("env") if job else None, self.step.node.child("env")]
        return {key.value: value.value for place in places if place for key, value in place.entries}

    def name(self, expression: str) -> str:
        """The variable for an expression, made up where none has it."""
        same = re.fullmatch(r"env\.([A-Za-z_]\w*)", expressions.inner(expression))
        if same is not None and not re.search(rf"(?<![\w$]){same[1]}=", self.text):
            return same[1]
        taken = {**self.taken, **self.names}
        name = expressions.variable(expression, taken, self.text)
        if name not in self.taken:
            self.names[name] = expression
        return name

    def edits(self, changes: list[Change]) -> list[Edit]:
        """Changes of the text as edits of the file."""
        doc, text = self.workflow.doc, self.text
        if not self.node.block:
            value = text
            for start, end, new in reversed(changes):
                value = value[:start] + new + value[end:]
            key = self.parent.key(self.key)
            return [yamledit.replace(doc, key, self.node, value)] if key else []
        base = self.node.end - len(text.encode())
        at = [base + len(text[:index].encode()) for index in range(len(text) + 1)]
        return [yamledit.edit(doc, at[start], at[end], new) for start, end, new in changes]


def of_step(workflow: Workflow, step: Step) -> Script | None:
    """The step's script, or what a known action runs; none where it has none.

    Raises:
        NoFix: what runs it reads no variables in a way that is known here.
    """
    if (run := step.node.child("run")) is not None and run.kind == "scalar":
        language = _SHELLS.get(workflow.shell(step).rpartition("/")[2])
        if language is None:
            raise NoFix(_UNKNOWN_SHELL.get(workflow.shell(step), "how this step's shell reads a variable is not known"))
        return Script(workflow, step, "run", run, step.node, language)
    if step.action in _ELSEWHERE:
        message = f"{step.action} runs the script on another machine, where no variable of the step is known"
        raise NoFix(message)
    name, language = _SINKS.get(step.action, ("", ""))
    inputs = step.node.child("with")
    given = inputs.child(name) if inputs is not None else None
    if inputs is None or given is None or given.kind != "scalar":
        return None
    return Script(workflow, step, name, given, inputs, language)


def pasted_into(script: Script) -> bool:
    """Whether an expression in it may carry what somebody else chose."""
    return any(expressions.foreign(match[0]) for match in EXPRESSION.finditer(script.text))

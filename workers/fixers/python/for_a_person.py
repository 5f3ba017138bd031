"""What bandit asks to be looked at in every use of an interface: no edit answers that, a person does."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import Harmless, NoFix, Target, fixer

_IMPORT = (
    "the import alone does nothing: its calls are what counts, and each has a finding of its own where it is unsafe"
)
_TELNET = "telnet sends everything in the clear: which protocol takes its place depends on what the other side speaks"
_OLD_CIPHER = (
    "another cipher or mode reads other bytes: stored data and the other side change with it, to AES-GCM with a nonce "
    "for each message"
)
_NO_SHELL = "the program starts without a shell, which is right; bandit only asks whether its arguments can be trusted"
_REASONS = {
    "B304": _OLD_CIPHER,
    "B305": _OLD_CIPHER,
    "B315": "expat itself is the parser here: `defusedxml.expatreader` parses for SAX, and a parser made by hand has "
    "to refuse DOCTYPEs in its own handler",
    "B320": "lxml has its own settings: a parser made with resolve_entities=False and no_network=True, given to every "
    "call that parses",
    "B508": "SNMP before version 3 sends its password in the clear: whether the device speaks version 3 is not in "
    "this file",
    "B509": "which keys the device has for authentication and privacy is not in this file: give usmUserData both",
    "B601": "the other machine's shell reads this line, and paramiko has no list of arguments: quote each value "
    "with shlex.quote, where the other side has a POSIX shell",
    "B609": "the shell turns the wildcard into names, and a file may be called like an option: `./*` in its place, or "
    "a list of arguments with glob.glob",
    "B610": "extra() takes pieces of SQL: an annotation or a filter of the ORM says the same, which one is for a "
    "person to say",
    "B611": "RawSQL takes pieces of SQL: an expression of the ORM says the same, which one a person has to say",
    "B612": "whoever reaches the port can have code run: give listen() a verify function that checks a signature, "
    "whose key both sides have to get",
    "B615": "which revision of the model was looked at is not in this file: name its commit by revision=",
    "B702": "Mako escapes only what says `| h`, or everything with default_filters=['h'], and the rule names either: "
    "see that the templates' own HTML still comes out",
    "B401": _TELNET,
    "B402": "FTP sends everything in the clear: whether the other side speaks SFTP or FTPS is not in this file",
    "B403": _IMPORT,
    "B404": _IMPORT,
    "B411": "xmlrpc parses what it gets with the standard parsers: `defusedxml.xmlrpc.monkey_patch()` belongs where "
    "the program starts, before the first call",
    "B412": "a CGI script behind a proxy may take HTTP_PROXY from a request's header: the web server has to drop it",
    "B415": "IPMI is unsafe by its protocol: keep it on a network of its own",
    "B102": "what is run has to be code by intent: whether its source can be trusted is for a person to say; data "
    "wants `ast.literal_eval` or `json.loads`",
    "B603": _NO_SHELL,
    "B606": _NO_SHELL,
    "B607": "which folder the program lies in differs by system: its whole path belongs in the settings, or PATH has "
    "to be one that nobody else can write to",
    "B321": "FTP sends the password in the clear: whether the other side speaks SFTP or FTPS is not in this file",
    "B312": _TELNET,
    "B302": "marshal is for Python's own compiled files, not for data: another format has to be agreed with the writer",
}


@fixer(
    name="python-for-a-person",
    for_a_person=True,
    weakness="an interface that is safe or unsafe by what it is given",
    rules={"bandit": list(_REASONS)},
    explain="""Some rules name every use of an interface, whatever it is used for. The question that they put (who
controls the argument? may this protocol still be spoken?) has no answer in the file, and a change that only silences
the rule would be worse than the finding. The reason says what to look at; suppress the finding with the answer.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """None: the reason says what to look at."""
    reason = _REASONS[target.finding.rule]
    raise Harmless(reason) if reason == _IMPORT else NoFix(reason)

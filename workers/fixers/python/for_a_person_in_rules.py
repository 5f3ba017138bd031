"""What the public Semgrep rules ask to be looked at, where the answer is not in the file: a person gives it."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.python.source.module import module
from workers.fixers.registry import Harmless, NoFix, Target, fixer

_PROGRAM = (
    "no shell reads these arguments, unless the program is one: who names the program and what may come into its "
    "options is for a person to say; a fixed program, and `--` before values, limit both"
)
_CODE = (
    "what is run has to be code by intent: whether its source can be trusted is for a person to say; data wants "
    "`ast.literal_eval` or `json.loads`"
)
_CIPHER = (
    "another cipher or mode reads other bytes: stored data and the other side change with it, to AES-GCM with a nonce "
    "for each message"
)
_FTP = "FTP sends everything in the clear: whether the other side speaks SFTP or FTPS is not in this file"
_PIECES_OF_SQL = (
    "it takes pieces of SQL: a filter, an annotation or an expression of the ORM says the same; which one is for a "
    "person to say"
)
_HOST = (
    "a value from the request decides which host is asked: only a list of the hosts that this code may reach ends "
    "that, and which these are is not in the file"
)
_TABLE = (
    "a name from outside picks what is run: a dict of the names that may be picked ends that, and which these are is "
    "not in the file"
)
_PICKLED = (
    "it is pickle underneath, and runs what the bytes say: another format has to be agreed with the writer, as JSON, "
    "or the bytes have to be signed with hmac and checked before they are read"
)
_SAFE_CLASS = (
    "its text is inserted without escaping: whether all that goes into it is escaped is to be seen where it is made"
)
_SALT = (
    "the salt can be worked out from enough hashids, and with it the key that signs sessions: give it a salt of its "
    "own; all hashids that are out change with it"
)
_CONTEXT = "which of the names the template uses is for a person to say: pass those by name, and no others"
_PAYLOAD = (
    "a token's payload is readable by whoever holds the token, signed or not: which claims the other side needs is "
    "for a person to say; keep passwords out of it"
)
_MAIL = (
    "`django.utils.html.escape` makes text of one value, and a template escapes all: which of the pieces are HTML on "
    "purpose is for a person to say"
)
_TRANSLATED = (
    "translations are part of the project as its templates are: whether they come from people who may not write HTML "
    "is for a person to say"
)
_EMPTY = "an empty password lets everybody in, and None nobody: which is meant is for a person to say"

_REASONS = {
    "dangerous-asyncio-create-exec*": _PROGRAM,
    "dangerous-asyncio-exec*": _PROGRAM,
    "dangerous-os-exec*": _PROGRAM,
    "dangerous-spawn-process*": _PROGRAM,
    "dangerous-interactive-code-run*": _CODE,
    "dangerous-subinterpreters-run-string*": _CODE,
    "dangerous-testcapi-run-in-subinterp*": _CODE,
    "exec-detected": _CODE,
    "exec-injection": _CODE,
    "user-exec": _CODE,
    "user-exec-format-string": _CODE,
    "listen-eval": "whoever reaches the port can have code run: give listen() a verify function that checks a "
    "signature, whose key both sides have to get",
    "non-literal-import": _TABLE,
    "dangerous-globals-use": _TABLE,
    "globals-misuse-code-execution": _TABLE,
    "dangerous-annotations-usage": "get_type_hints evaluates a text that is given as an annotation: whether this one "
    "can come from outside is for a person to say",
    "insecure-cipher-algorithm-*": _CIPHER,
    "insecure-cipher-mode-ecb": _CIPHER,
    "crypto-mode-without-authentication": "nothing notices a changed ciphertext: an authenticated mode as AES-GCM, or "
    "a MAC over nonce and ciphertext that is checked first, changes the stored form and the other side with it",
    "empty-aes-key": "a key of no bytes is no key: where the real one comes from is not in this file",
    "use-ftp-tls": _FTP,
    "insecure-*-ftp": _FTP,
    "telnetlib": "telnet sends everything in the clear: which protocol takes its place depends on what the other side "
    "speaks",
    "no-set-ciphers": "the defaults of Python are better than most lists: whether a peer needs one of the ciphers "
    "named here is for a person to say, and the call can go where none does",
    "httpsconnection-detected": "",
    "avoid-query-set-extra": _PIECES_OF_SQL,
    "custom-expression-as-sql": _PIECES_OF_SQL,
    "extends-custom-expression": _PIECES_OF_SQL,
    "dynamodb-filter-injection": "the caller writes the filter: name the attributes and take only their values from "
    "the event; which these are is not in the file",
    "ssrf-*": _HOST,
    "tainted-url-host": _HOST,
    "flask-api-method-string-format": "`urllib.parse.quote(value, safe='')` keeps a value within its part of the "
    "address; which part that is meant to be is for a person to say",
    "host-header-injection-python": "the client chooses the Host header: `url_for(..., _external=True)` with "
    "SERVER_NAME set builds the address from the settings; the name itself is not in this file",
    "marshal-usage": "marshal is for Python's own compiled files, not for data: another format has to be agreed with "
    "the writer",
    "avoid-dill": _PICKLED,
    "avoid-shelve": _PICKLED,
    "avoid-jsonpickle": "jsonpickle makes objects of whatever classes the text names: `json.loads` reads plain data, "
    "where the writer writes plain data (`unpicklable=False`), which is not in this file",
    "multiprocessing-recv": "recv() unpickles what it gets: `authkey` on both sides, or send_bytes with a format of "
    "one's own, has to be agreed with the other side",
    "use-defused-xmlrpc": "xmlrpc parses what it gets with the standard parsers: `defusedxml.xmlrpc.monkey_patch()` "
    "belongs where the program starts, before the first call",
    "mako-templates-detected": "Mako escapes only what says `| h`, or everything with default_filters=['h'], and the "
    "rule names either: see that the templates' own HTML still comes out",
    "direct-use-of-jinja2": "the rule names every use of Jinja2 beside Flask: an Environment escapes where it has "
    "autoescape, which has a rule of its own",
    "unescaped-template-extension": "Flask escapes in templates that end in .html, .htm, .xml, .xhtml or .svg: whether "
    "this one is HTML, and is to be renamed, is for a person to say",
    "direct-use-of-httpresponse": "the rule names every HttpResponse of a value that goes out as HTML: `render` "
    "escapes what it is given, and a content type says what is no HTML; which this is, is for a person to say",
    "make-response-with-unknown-content": "the rule names every answer that is made elsewhere: whether it is HTML, and "
    "whether what went into it was escaped, is to be seen there",
    "class-extends-safestring": _SAFE_CLASS,
    "html-magic-method": _SAFE_CLASS,
    "html-safe": _SAFE_CLASS,
    "filter-with-is-safe": "is_safe says that the filter brings no HTML of its own into a text that had none: whether "
    "that holds for all inputs is for a person to say",
    "context-autoescape-off": "whether this context is for HTML or for plain text, as a mail's, is for a person to say",
    "locals-as-template-context": _CONTEXT,
    "globals-as-template-context": _CONTEXT,
    "hashids-with-*-secret": _SALT,
    "mass-assignment": "which fields a caller may set is for a person to say: name them, or use a form",
    "paramiko-exec-command": "the other machine's shell reads this line, and paramiko has no list of arguments: quote "
    "each value with shlex.quote, where the other side has a POSIX shell",
    "python-reverse-shell": "this hands a shell of this machine to another one: if that is not what the program is "
    "for, take the machine off the network first",
    "regex_dos": "which texts the expression has to take is for a person to say: bound the length of what it is given, "
    "or write it without nested repetition",
    "system-wildcard-detected": "the shell turns the wildcard into names, and a file may be called like an option: "
    "`./*` in its place, or a list of arguments with glob.glob",
    "formatted-string-bashoperator": "the shell reads the pasted value: hand it over by `env`, and name it "
    '`"$NAME"` in the command',
    "docker-arbitrary-container-run": "which images may be run is for a person to say: a dict of those ends it",
    "jwt-python-exposed-credentials": _PAYLOAD,
    "jwt-python-exposed-data": _PAYLOAD,
    "unvalidated-password": "validate_password raises ValidationError, which this code would have to show to its user: "
    "where is for a person to say",
    "missing-throttle-config": "how many requests a client may send is for the owner of the API to say: "
    "DEFAULT_THROTTLE_CLASSES and DEFAULT_THROTTLE_RATES in REST_FRAMEWORK",
    "request-data-write": "whether what is written may hold anything that a client sends is for a person to say",
    "twiml-injection": "TwiML's own classes (`VoiceResponse`, `MessagingResponse`) escape what they are given: build "
    "the answer with these",
    "sqlalchemy-sql-injection": _PIECES_OF_SQL,
    "pyramid-sqlalchemy-sql-injection": _PIECES_OF_SQL,
    "pyramid-direct-use-of-response": "a renderer escapes what the view gives it, and `markupsafe.escape` one value: "
    "whether this is HTML is for a person to say",
    "tainted-html-*": "`html.escape` makes text of one value: whether it may be HTML here is for a person to say",
    "xss-html-email-body": _MAIL,
    "xss-send-mail-html-message": _MAIL,
    "path-traversal-file-name": "which folder the file has to be in is not in the rule's sight: make the path absolute "
    "and compare its beginning with that folder",
    "avoid_send_file_without_path_sanitization": "`send_from_directory(folder, name)` refuses names that leave the "
    "folder: which folder that is, is for a person to say",
    "http-not-https-connection": "whether the other side speaks TLS, and at which port, is not in this file: "
    "HTTPSConnectionPool where it does",
    "template-blocktranslate-no-escape": _TRANSLATED,
    "template-translate-as-no-escape": _TRANSLATED,
    "nan-injection": "`float('nan')` compares as false with all: `math.isfinite` tells such numbers, and what to "
    "answer then is for a person to say",
    "password-empty-string": _EMPTY,
    "use-none-for-password-default": _EMPTY,
    "django-using-request-post-after-is-valid": "`form.cleaned_data` has what the form checked: whether the form has "
    "this field is for a person to say",
}
_VERIFIED = (
    "Python has checked the certificate and the host name of an HTTPSConnection since 3.4.3, unless it is given a "
    "context that does not, which has a finding of its own"
)


@fixer(
    name="python-for-a-person-in-rules",
    for_a_person=True,
    weakness="an interface that is safe or unsafe by what it is given",
    rules={"semgrep": list(_REASONS)},
    explain="""Some rules name every use of an interface, whatever it is used for. The question that they put (who
controls the argument? which hosts may be asked? what does the other side speak?) has no answer in the file, and a
change that only silences the rule would be worse than the finding. The reason says what to look at; suppress the
finding with the answer.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """None: the reason says what to look at."""
    rule = target.finding.rule_name
    if not rule.startswith("template-"):
        module(target)
    reason = next(reason for pattern, reason in _REASONS.items() if fnmatch.fnmatchcase(rule, pattern))
    raise NoFix(reason) if reason else Harmless(_VERIFIED)

"""What Semgrep's rules of JavaScript and TypeScript ask to be looked at: no edit of the file answers that."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import region
from workers.fixers.javascript.for_a_person import CODE, FILE, LOOKED_UP, PAGE, REASONS, RENDERED
from workers.fixers.javascript.script import script
from workers.fixers.registry import NoFix, Target, fixer

_TRUSTED = (
    "the markup is trusted as it comes: which of it may be, is for the application to say; without the call the "
    "framework takes out what could run"
)
_ADDRESS = (
    "which addresses may be asked is not in this file: keep a list of hosts, and compare the whole host of the address "
    "that was given"
)
_XML = (
    "this parser has no switch for entities: give the document to one that knows no DTD, or refuse a document that "
    "holds `<!DOCTYPE` before it is parsed"
)
_MARKUP = (
    "the page is put together by hand: make the elements with document.createElement, or let a template engine escape "
    "each value"
)
_IN_SCRIPT = (
    "escaping HTML does not hold inside of a script: put the value into a data attribute, and read it from there"
)
_IN_ADDRESS = (
    "escaping HTML does not stop an address that begins with `javascript:`: let the server only give addresses that "
    "begin with https: or with a slash"
)
_FIELDS = "which fields of the object a client needs, and may see, is for the application to say: name them one by one"
_KEY = (
    "which algorithm and key the issuer of the tokens signs with is not in this file: `verify` with both, before "
    "anything in the token is believed"
)
_SHELL = (
    "the line is for a shell: which program is meant, and which of its arguments a caller may say, is for the "
    "application to say; start it with a list of arguments and no shell"
)
_OLD_CIPHER = (
    "createCipher makes key and nonce of a password in a way that is broken: createCipheriv needs a key of scrypt and "
    "a random nonce that is sent along, so both sides, and what was encrypted before, change with it"
)
_LOADED = "which modules may be loaded is not in this line: keep them in an object by name"
_ANGULAR = (
    "AngularJS itself gets no fixes any more: let its sanitizer (ngSanitize) see what is shown, without the call that "
    "trusts it, or move on"
)
_OWN: dict[str, str] = {
    "detect-angular-*": _ANGULAR,
    "angular-bypasssecuritytrust": _TRUSTED,
    "apollo-axios-ssrf": _ADDRESS,
    "express-ssrf": _ADDRESS,
    "tainted-html-*": _MARKUP,
    "raw-html-concat": _MARKUP,
    "raw-html-join": _MARKUP,
    "html-in-template-string": _MARKUP,
    "unknown-value-with-script-tag": _IN_SCRIPT,
    "dom-based-xss": _MARKUP,
    "react-unsanitized-method": _MARKUP,
    "detect-replaceall-sanitization": "escaping by hand forgets a character sooner or later: whether it has is for a "
    "person to say; a library (he, lodash.escape) knows all of them",
    "express-check-csurf-middleware-usage": REASONS["anti_csrf_control"],
    "detect-no-csrf-before-method-override": "the order is that of Express 3, whose parts are packages of their own "
    "today: method-override before the check of the token",
    "express-check-directory-listing": "whether the folder's list is meant to be seen is for its owner to say: without "
    "serve-index its files are still there by their names",
    "express-jwt-not-revoked": REASONS["jwt_not_revoked"],
    "express-third-party-object-deserialization": REASONS["node_deserialize"],
    "express-xml2json-xxe": _XML,
    "express-xml2json-xxe-event": _XML,
    "xml2json-xxe": _XML,
    "express-expat-xxe": _XML,
    "expat-xxe": _XML,
    "sax-xxe": _XML,
    "remote-property-injection": LOOKED_UP,
    "unsafe-dynamic-method": LOOKED_UP,
    "res-render-injection": "which views may be shown is not in this line: keep them in an object by name",
    "express-insecure-template-usage": RENDERED,
    "express-data-exfiltration": _FIELDS,
    "insecure-object-assign": "which fields of what was sent may be set is for the application to say: name them one "
    "by one",
    "var-in-href": _IN_ADDRESS,
    "react-href-var": _IN_ADDRESS,
    "var-in-script-src": _IN_ADDRESS,
    "var-in-script-tag": _IN_SCRIPT,
    "template-and-attributes": "the object's keys become attributes of the element, `onload` too: name those that are "
    "meant",
    **dict.fromkeys(("require-request", "detect-non-literal-require"), _LOADED),
    "jwt-exposed-data": _FIELDS,
    "jose-exposed-data": _FIELDS,
    "jwt-decode-without-verify": _KEY,
    "react-jwt-decoded-property": _KEY,
    "react-jwt-in-localstorage": "every script of the page reads the store: a cookie with httpOnly needs the server to "
    "set and read it, so both sides change",
    "jquery-insecure-selector": "text that begins with `<` is markup for `$()`: find elements by "
    "document.querySelector, or say which selectors are meant",
    "dangerous-spawn-shell": _SHELL,
    "spawn-git-clone": "git runs what an address such as `ext::sh …` says: which hosts may be cloned from is for the "
    "application to say; allow https: alone, and put `--` before the address",
    "deno-dangerous-run": _SHELL,
    "shelljs-exec-injection": _SHELL,
    "detect-non-literal-fs-filename": FILE,
    "detect-redos": REASONS["regex_dos"],
    "create-de-cipher-no-iv": _OLD_CIPHER,
    "sequelize-enforce-tls": REASONS["sequelize_tls"],
    "grpc-nodejs-insecure-connection": "both ends have to speak TLS: credentials.createSsl() with the authority of the "
    "server's certificate on this side",
    "intercom-settings-user-identifier-without-user-hash": "the hash is made on the server with Intercom's secret, and "
    "has to come from there",
    "dynamodb-request-object": "which fields and conditions a request may say is for the application to say",
    "tofastproperties-code-execution": CODE,
    "multiargs-code-execution": CODE,
    "chrome-remote-interface-compilescript-injection": CODE,
    "insecure-createnodesfrommarkup": _MARKUP,
    "monaco-hover-htmlsupport": _TRUSTED,
    "tainted-eval": CODE,
    "vm-runincontext-injection": CODE,
    "express-detect-notevil-usage": CODE,
    "express-vm*-injection": CODE,
    "express-sandbox-code-injection": CODE,
    "sandbox-code-injection": CODE,
    "vm2-*-injection": CODE,
    "*puppeteer-*injection": PAGE,
    "*playwright-*injection": PAGE,
    "*phantom-injection": PAGE,
    "*wkhtmltoimage-injection": PAGE,
    "*wkhtmltopdf-injection": PAGE,
    "puppeteer-exposed-chrome-devtools": PAGE,
    "playwright-exposed-chrome-devtools": PAGE,
}


@fixer(
    name="javascript-semgrep-for-a-person",
    for_a_person=True,
    weakness="a construct that is safe or unsafe by what it is given",
    rules={"semgrep": list(_OWN)},
    explain="""Some rules name every use of a construct, whatever it is used for, or one whose sound replacement needs
what is not in the file: a list of hosts, a key, the other side. A change that only silences the rule would be worse
than the finding. The reason says what to look at; suppress the finding with the answer.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """None: the reason says what to look at."""
    path = target.finding.path or ""
    if not path.endswith((".ejs", ".mustache", ".hbs", ".html", ".pug", ".jade")):
        script(target)
    rule = target.finding.rule_name
    said = next(reason for pattern, reason in _OWN.items() if fnmatch.fnmatchcase(rule, pattern))
    message = f"{path}:{region(target).start_line}: {said}"
    raise NoFix(message)

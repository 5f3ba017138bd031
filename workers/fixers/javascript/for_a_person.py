"""What njsscan and eslint ask to be looked at: no edit of the file answers that, a person does."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer

LOOKED_UP = (
    "the rule names every lookup by a variable; where the key comes from outside, a Map or Object.hasOwn in front of "
    "it is the answer, and whether it does is not in this line"
)
FILE = (
    "the rule names every file whose path is not a literal: where the path comes from a request, it has to stay in a "
    "folder that is known; where the program makes it, there is nothing to change"
)
RENDERED = (
    "a field such as `layout` in what a template is given chooses the file that is read: pass the template the fields "
    "it uses, one by one, and which those are is in the template"
)
PAGE = (
    "which pages the server's browser may open is not in this file: keep a list of hosts, and compare the whole host "
    "of the address that was given"
)
CODE = (
    "code of a request runs here by intent, and vm is no sandbox: whether data would do, or a process without rights, "
    "is for a person to say"
)
MODE = (
    "another cipher or mode reads other bytes: what was stored, and the other side, change with it, to AES-GCM with an "
    "initialization vector of its own for each message"
)
UNPACKED = (
    "a name in an archive may lead out of the folder (`../`): whether its folders are wanted, or its last part is all "
    "that is needed (path.basename), is for the application to say"
)
REASONS = {
    "node_aes_ecb": MODE,
    "node_aes_noiv": MODE,
    "node_weak_crypto": MODE,
    "zip_path_overwrite": UNPACKED,
    "zip_path_overwrite2": UNPACKED,
    "admzip_path_overwrite": UNPACKED,
    "tar_path_overwrite": UNPACKED,
    "shelljs_os_command_exec": "shelljs has no list of arguments: child_process.execFile runs a program with one, and "
    "which program and arguments a request may ask for is for the application to say",
    "node_xpath_injection": "xpath knows variables (`select` with `variables`), which take a value as it is: the "
    "expression and its namespaces have to be written anew with them",
    "server_side_template_injection": "a template that a request writes is a program: keep the templates in files, and "
    "give them the request's values by name",
    "host_header_injection": "under which address this site is reached is not in this file: name it in the settings, "
    "and build links with that",
    "express_open_redirect2": "where this may lead to is not in this line: a path of this site, or a list of addresses",
    "handlebars_safestring": "whether the text is HTML that the program made, or holds what somebody wrote, is not in "
    "this line: escape the values with Handlebars.escapeExpression before they become part of it",
    "grpc_insecure_connection": "which authority vouches for the other side is not in this file: credentials.createSsl "
    "with its certificate",
    "sequelize_weak_tls": "which versions the database speaks is not in this file: `minVersion: 'TLSv1.2'` asks for "
    "what any maintained one does",
    "xxe_expat": "expat fetches nothing by itself: what the program does with entities is in its own handlers",
    "xxe_xml2json": "expat, which reads the text here, fetches nothing by itself: limit how large a document may be",
    "xxe_sax": "sax leaves a document's own entities alone; what the handler of DOCTYPE does with them is in this file",
    "node_username": "the name of a user is no secret by itself: move it to the settings if it differs by place",
    "node_logic_bypass": "both sides come from the request, so whoever asks passes: what the value has to agree with "
    "is in the session or the database",
    "generic_error_disclosure": "the error goes to the program's own log and not to a visitor: keep credentials out of "
    "error messages, and the log away from the web",
    "regex_dos": "whether this pattern goes back over a long text is to be tried with a text that almost matches; "
    "limit the text's length first",
    "jwt_not_revoked": "how a token ends before its time (a list of those withdrawn, a version in the user's record) "
    "is for the application to say",
    "jwt_exposed_data": "which of the fields a client needs, and may see, is for the application to say: name them one "
    "by one",
    "jwt_exposed_credentials": "which fields a client may see is for the application to say: name them one by one, and "
    "leave the password out",
    "node_deserialize": "node-serialize runs functions that its text holds: JSON.parse reads data, but not what an old "
    "text may hold, so its writer has to change with it",
    "serializetojs_deserialize": "serialize-to-js runs what its text holds: JSON.parse reads data, and the writer has "
    "to change with it",
    "express_lfr": RENDERED,
    "express_lfr_warning": RENDERED,
    "sequelize_tls": "whether the database offers TLS, and by which authority, is not in this file: dialectOptions.ssl "
    "with that authority's certificate",
    "node_xxe": "libxmljs fetches nothing unless `noent` or `dtdload` say so, and the rule names either: leave both "
    "out, or give the text to a parser that knows no DTD",
    "node_entity_expansion": "how large a document may be is for the application to say: limit it before it is parsed",
    "layer7_object_dos": "the loop runs as often as the request says: which number is too high is for the application "
    "to say",
    "express_bodyparser": "which kinds of bodies the routes take is not in this line: express.json() and "
    "express.urlencoded() read those two, and leave files to a library that limits them",
    "phantom_ssrf": PAGE,
    "playwright_ssrf": PAGE,
    "puppeteer_ssrf": PAGE,
    "wkhtmltoimage_ssrf": PAGE,
    "wkhtmltopdf_ssrf": PAGE,
    "vm_code_injection": CODE,
    "vm_compilefunction_injection": CODE,
    "vm_runincontext_injection": CODE,
    "vm_runinnewcontext_injection": CODE,
    "vm2_code_injection": CODE,
    "vm2_context_injection": CODE,
    "sandbox_code_injection": CODE,
    "eval_require": "which modules may be loaded is not in this line: keep them in an object by name",
    "node_ssrf": "which addresses the server may ask is not in this file: keep a list of them, and compare the whole "
    "host of the address that was given",
    "generic_header_injection": "Node refuses line breaks in a header's value, so no second header can follow it; "
    "whether the value itself may come from the request (an origin, a file's name) is for a person to say",
    "generic_cors": "which sites may ask is not in this file: name them in the options of cors()",
    "anti_csrf_control": "which of the forms change something, and how a client gets its token, is for the application "
    "to say",
    "rate_limit_control": "how often one client may ask, and where it is counted, is for the application to say",
    "detect-object-injection": LOOKED_UP,
    "detect-non-literal-fs-filename": FILE,
    "detect-non-literal-require": "which modules may be loaded is not in this line: keep them in an object by name",
    "detect-unsafe-regex": "whether this pattern goes back over a long text is to be tried with a text that almost "
    "matches; the same texts often have a pattern without nested repetition",
}
_NJSSCAN = [name for name in REASONS if not name.startswith("detect-")]
_ESLINT = [name for name in REASONS if name.startswith("detect-")]


@fixer(
    name="javascript-for-a-person",
    for_a_person=True,
    weakness="a construct that is safe or unsafe by what it is given",
    rules={
        "njsscan": _NJSSCAN,
        "eslint": [f"security/{name}" for name in _ESLINT],
        "eslint-plugin-security": _ESLINT,
    },
    explain="""Some rules name every use of a construct, whatever it is used for. The question that they put (who says
this key? who reads this answer?) has no answer in the file, and a change that only silences the rule would be worse
than the finding. The reason says what to look at; suppress the finding with the answer.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """None: the reason says what to look at."""
    raise NoFix(REASONS[target.finding.rule_name])

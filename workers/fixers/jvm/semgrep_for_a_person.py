"""What Semgrep's rules of Java and Kotlin ask to be looked at: no edit of the file answers that, a person does."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import region
from workers.fixers.jvm.for_a_person import NO_OAEP, OBJECTS, OLD_CIPHER, TYPED, XML_DECODER
from workers.fixers.jvm.source import jvm
from workers.fixers.registry import NoFix, Target, fixer

_RUN = (
    "text that is put together here is run as code: which values it may depend on is for the application to say; keep "
    "the expressions in the program, and hand the values over as variables"
)
_CLAIMS = (
    "the token's claims are read without its signature: which key the issuer signs with, and what a caller does where "
    "the check fails, is not in this file"
)
_UNSIGNED = (
    "the token is made without a signature: the key, where it is kept and who checks it have to be agreed on with "
    "those who read the token"
)
_PLAIN_SOCKET = (
    "both ends have to speak TLS: SSLSocketFactory.getDefault().createSocket(…) on this side, with the host's name "
    "checked (SSLParameters.setEndpointIdentificationAlgorithm), and a certificate on the other"
)
_REMOTE = (
    "whoever reaches the port sends any object that its classes can make: a filter of the classes that are meant "
    "(jdk.serialFilter, ObjectInputFilter), or primitive parameters, change both sides"
)
_GCM = (
    "the rule names every use of GCM: it is sound as long as no nonce is used twice under one key; see that each "
    "message draws its own from SecureRandom"
)
_NONCE = (
    "a nonce that repeats under one key gives GCM's authentication away: draw one for each message, and send it along"
)
_ANONYMOUS = (
    "who the directory should take the program for, and where that account's password is kept, is for its owner to "
    "say: `simple` over ldaps, with both from the settings"
)
_ENDPOINT = (
    "the endpoint takes Java objects, or whatever a client says it sends: name the media types that it is meant to "
    "read, without application/x-java-serialized-object and wildcards"
)
_REASONS = {
    "gcm-detection": _GCM,
    "gcm-nonce-reuse": _NONCE,
    **dict.fromkeys(
        ("des-is-deprecated", "desede-is-deprecated", "use-of-rc2", "use-of-rc4", "use-of-blowfish"), OLD_CIPHER
    ),
    "no-null-cipher": "NullCipher encrypts nothing: which key is to be used, and who decrypts, is not in this file; "
    "AES/GCM with a nonce for each message is the custom",
    "rsa-no-padding": NO_OAEP,
    "avoid-implementing-custom-digests": "a digest of one's own has no known strength: what was made with it has to be "
    "made again with SHA-256 of MessageDigest",
    "unencrypted-socket": _PLAIN_SOCKET,
    "object-deserialization": OBJECTS,
    "jackson-unsafe-deserialization": TYPED,
    "xml-decoder": XML_DECODER,
    **dict.fromkeys(
        (
            "insecure-jms-deserialization",
            "server-dangerous-class-deserialization",
            "server-dangerous-object-deserialization",
        ),
        _REMOTE,
    ),
    **dict.fromkeys(("insecure-resteasy-deserialization", "default-resteasy-provider-abuse"), _ENDPOINT),
    **dict.fromkeys(
        (
            "dangerous-groovy-shell",
            "el-injection",
            "ognl-injection",
            "script-engine-injection",
            "spel-injection",
            "spring-jsp-eval",
        ),
        _RUN,
    ),
    "java-reverse-shell": "the program hands a shell to another machine: if nobody meant that, delete it, and find out "
    "how it came here",
    "unsafe-reflection": "which classes may be made by their name is not in this line: keep them in a map by name",
    "tainted-session-from-http-request": "which keys and values of a request may go into the session is for the "
    "application to say: check them against what it expects first",
    "tainted-xpath-from-http-request": "XPath takes values as variables (XPath.setXPathVariableResolver), which the "
    "code that makes the XPath object has to set up",
    "tainted-env-from-http-request": "a request says what a program finds in its environment: which names and values "
    "that program needs is for the application to say",
    "xssrequestwrapper-is-insecure": "a filter that takes words out of requests misses others: leave it out, and "
    "escape each value where it is written",
    "anonymous-ldap-bind": _ANONYMOUS,
    "java-jwt-none-alg": _UNSIGNED,
    "jjwt-none-alg": _UNSIGNED,
    "java-jwt-decode-without-verify": _CLAIMS,
    "vertx-sqli": "Vert.x takes values apart from the query by preparedQuery(…).execute(Tuple.of(…)), with the mark of "
    "its driver ($1 or ?), and its answer is another one than query's",
    "jdo-sqli": "JDO takes values apart from the filter: declareParameters in the query, and the values in execute",
    "turbine-sqli": "Torque takes values apart from the query through Criteria; make the query of those",
    "mongodb-nosqli": "JavaScript in a `$where` runs in the database: say the same by operators, with the value as one "
    "of their operands",
    "tainted-url-host": "which addresses the server may ask is not in this file: keep a list of hosts, and compare the "
    "whole host of the address that was given",
    "tainted-html-string": "the page is put together by hand: let a template engine escape each value, or the OWASP "
    "encoder (Encode.forHtml)",
    "tainted-cmd-from-http-request": "which programs and arguments a request may choose is for the application to say: "
    "keep them in a map by name",
    "http-response-splitting": "servlet containers of today refuse line breaks in a cookie (RFC 6265); whether a "
    "request may say the value at all is for the application to say",
    "bad-hexa-conversion": 'without a zero in front of small bytes two digests look the same: String.format("%02x", b) '
    "writes it, and what was stored without has to be made again",
    "defaulthttpclient-is-deprecated": "HttpClientBuilder.create().useSystemProperties().build() asks for newer TLS, "
    "and its clients are set up before they are built: what is set on this one has to move there",
    "no-scriptlets": "what the scriptlet does belongs into a servlet or a tag: which values the page then shows is for "
    "its author to say",
    **dict.fromkeys(
        ("use-escapexml", "use-jstl-escaping"),
        'whether the value is meant to hold markup is not in this line: <c:out value="…"/> escapes it',
    ),
    "do-privileged-use": "which rights the action needs by itself, and not by its callers, is for the application to "
    "say: keep what runs in doPrivileged small",
    "url-rewriting": "a session in addresses ends up in logs and links: whether users without cookies may lose theirs "
    "is for the application to say (<tracking-mode>COOKIE</tracking-mode> in web.xml)",
}


@fixer(
    name="jvm-semgrep-for-a-person",
    for_a_person=True,
    weakness="a construct that is safe or unsafe by what it is given",
    rules={"semgrep": list(_REASONS)},
    explain="""Some rules name a construct whose sound replacement needs what is not in the program: a key, the other
end of a connection, the classes that a peer sends. A change that only ends the finding would break the program or leave
the weakness where it is (a cipher of another name over the old key, say). The reason says what to look at and what
usually stands in its place.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """None: the reason says what to look at."""
    if not (target.finding.path or "").endswith((".jsp", ".jspf", ".tag", ".html")):
        jvm(target)
    message = f"{target.finding.path}:{region(target).start_line}: {_REASONS[target.finding.rule_name]}"
    raise NoFix(message)

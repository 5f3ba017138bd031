"""Names of environment variables for values that leave the code."""

from __future__ import annotations

import base64
import re
import zlib

from daemon.domain.finding import Finding
from workers.fixers.registry import Harmless
from workers.source.tests import is_test

ROTATE = (
    "Rotate it: the old value stays in the repository's history, in every clone and in every log that printed it, "
    "so taking it out of the file protects only the next one."
)
_DESCRIBES = re.compile(
    r"(?:field|url|uri|type|name|header|path|param|label|prefix|suffix|regex|format|template|message|error|help|file|form"
    r"|mode|algorithm|placeholder|hint|env|var|widget|property|attribute|alias|extra|action|pref|text|title|status|state|result|outcome|strength|length|count|expir\w*"
    r"|send|submit|button|reset|pattern|policy|length|event|(?:event|error|status|reason)_?code|route|endpoint|kind|class|command|option|flag|switch"
    r"|arg|argument|enabled|disabled|required|source|origin|scope|separator|protected|transport|backend|provider|manager|strategy|adapter|serializer|authenticator|method|handler|validator|generator|attr|location|dir|directory|folder|column|change|date|time|_at|_on|_age|_day|_re|regexp?|_rx|_arn)s?$|chang(?:ed|ing)$|(?:^|_)(?:prefix|suffix)_",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"-\w?-?|\[\w+\]|X(?:-[A-Za-z]+)+|(?:vault|ssm|arn|env|file|op|sops|secretsmanager|keyring)[:+]\S*|https?://\S*|[a-z_]+(?:\.[A-Za-z_]+)+|\w+(?:::\w+)+|[/.#]\S*|.*[{}<>%].*|.*\s\S+\s.*|\s*|bearer|basic|csrf|access|refresh|none|null|true|false|yes|no|on|off|required|optional|invalid|missing"
    r"|x+|pbkdf2[-_:]?\w*|(?:b|s|ye?s?)crypt\w*|argon2\w*|hmac(?:[-_]?sha\d+)?|md5|sha[-_]?\d{1,3}(?:_crypt)?|plain_?text",
    re.IGNORECASE | re.DOTALL,
)
_FILE = re.compile(r"[\w./-]+\.(?:pem|key|crt|cer|der|p12|pfx|jks|asc|json|ya?ml|toml|txt|ini|conf|env|py|so)")
_STORE = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*-(?:secrets|credentials|tokens|passwords|keys)")
"""`shop-secrets`: several are kept under that name, as Kubernetes does it."""
_MARK = re.compile(r"(?!.*(?:KEY|SECRET|PASSW|TOKEN|CHANGE|YOUR))[A-Z]{2,}(?:_[A-Z]+)+")
"""`CERTBOT_PASS_ASSERT`: a constant that other code compares with, or a variable's name."""
_TOKEN = re.compile(r"(?:^|_|(?<=[a-z]))token$", re.IGNORECASE)
_NAME_OF_TOKEN = re.compile(r"(?!.*(?:secret|my[-_]|your))[a-z]+(?:[-_][a-z]+)*[-_]token", re.IGNORECASE)
"""`x-auth-token`: the cookie, the header or the key in which one is."""
_WORDS_OF_TOKEN = re.compile(
    r"(?!.*(?:secret|my|your|change|test|abc))_?[a-z]{3,}(?:_[a-z]{2,})+|[a-z]{3,}(?:[A-Z][a-z]{3,}){1,2}"
)
"""`authorization_code`, `nextPage`: words for a kind of token, or for the field that holds one."""
_STORED = re.compile(r"(?:^|_)(?:token|db|cache|session|storage|redis|cookie)_key$", re.IGNORECASE)
"""Names of the key under which something is stored; what is stored is no part of the code."""
_ANY_OF_ITS_KIND = re.compile(
    r"(?:API_?|SECRET_?|ACCESS_?|PRIVATE_?)?KEY|(?:THE_?)?(?:PASS(?:WORD|WD|PHRASE)?|PWD|SECRET|TOKEN)"
)
_OF_NOBODY = re.compile(r"generic-|private-key|jwt|curl-|pkcs12|age-|kubernetes-|nuget-|hashicorp-tf-|authress-")
"""Rules of gitleaks for credentials that no provider has to have given out."""
_WORDS = re.compile(r"[A-Za-z]+(?:[-_.:/][A-Za-z]+)*")
_SHORTEST_TOKEN = 8  # a token is drawn at random; what is a word and shorter than any names a kind of token
_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")

OF_THE_SYSTEM = frozenset((
    "PWD", "OLDPWD", "PATH", "HOME", "USER", "USERNAME", "LOGNAME", "SHELL", "TERM", "LANG", "TZ", "HOST", "HOSTNAME",
    "DISPLAY", "EDITOR", "MAIL", "TMP", "TEMP", "TMPDIR", "IFS", "UID", "EUID", "PPID", "RANDOM", "SECONDS", "LINENO",
))  # fmt: skip
"""Variables that every process has, or that a shell sets itself: `PWD` is the folder it is in."""
_NAMES_ONE = re.compile(
    r"(?:Parameter|Output|Resolved)Key|ExportName|LogicalResourceId|ResourceKey"
    r"|.*(?i:client|tenant|account|project|object|resource|control|policy|distribution)[_-]?(?i:id)"
)
"""Keys whose value is the name of something: the credential would stand beside it."""

_PUBLIC_NAME = re.compile(r"(?:sha_?\d+|md5|checksum|digest|fingerprint|gpg_?key|key_?finger)s?$", re.IGNORECASE)
_HEX = re.compile(r"(?:sha\d+[:-])?[0-9A-Fa-f]{32,128}(?:\s+[0-9A-Fa-f]{32,128})*")
_PLACEHOLDER = re.compile(
    r"(?:your|insert|replace|enter)[-_ ]?[\w-]*(?:key|token|secret|password|credential|here)[\w-]*|<[^>]*>|[x*.]{3,}"
    r"|(?:please[-_ ]?)?(?:set|fill|replace|edit)[-_ ]?me(?:[-_ ]\w+)*",
    re.IGNORECASE,
)
"""What people write where everybody puts a value of their own."""
_MADE_UP = re.compile(r"\"(?:iss|sub|name)\":\s*\"[^\"]*(?:\btest(?:ing)?\b|example\.(?:com|org)|John Doe)[^\"]*\"")
"""Who gave a token out, or who it is for, in what libraries and handbooks show."""
_CUT_SHORT = re.compile(r"\w(?:\.{3,}|\u2026)(?:\w|$)|[xX*]{6,}|X{4,}$")
_OF_TESTS = re.compile(
    r"(?:^|/)(?:ci|tests?|testing|e2e)\.env$|\.env\.(?:ci|tests?|testing|e2e)$"
    r"|(?:^|/)(?:docker-)?compose(?:[.-][\w-]+)*[.-](?:ci|tests?|testing|e2e)(?:[.-][\w-]+)*\.ya?ml$"
)
"""Settings of the services that a run of the tests brings up for itself."""
_PACKED = (b"\x1f\x8b\x08", b"PK\x03\x04", b"\x89PNG", b"\xff\xd8\xff", b"BZh")
_FIRST_BYTES = 64
_PLAIN_WORDS = re.compile(r"[A-Za-z]{3,}(?:[._/ -][A-Za-z]+)+")
_RATE = re.compile(
    r"\d+\s*(?:/|per)\s*\d*\s*(?:[smhd]|sec(?:ond)?|min(?:ute)?|hour|day|week|month|year)s?\b[\w/, ]*", re.IGNORECASE
)
"""How often something may be done: `5/m`, `20/hour`."""
_RUNS = tuple(run * 9 for run in ("0123456789abcdef", "1234567890", "abcdefghijklmnopqrstuvwxyz"))
"""What people write for as many characters as a credential has."""


def environment_name(name: str) -> str:
    """`dbPassword` → `DB_PASSWORD`, `APIKey` → `API_KEY`; `SECRET` where nothing of the name can be used."""
    words = [word for word in _BOUNDARY.split(name) if word]
    joined = "_".join(words).upper()
    if joined in OF_THE_SYSTEM:
        return "PASSWORD" if joined == "PWD" else f"SECRET_{joined}"
    return joined if joined and not joined[0].isdigit() else f"SECRET_{joined}".rstrip("_")


def given_out(finding: Finding) -> str | None:
    """What a provider calls the credential that it gave out, where the rule knows its form: `stripe-access-token`."""
    known = finding.tool == "gitleaks" and not _OF_NOBODY.match(finding.rule_name)
    return finding.rule_name if known else None


def own_name(name: str, holder: str | None) -> str:
    """`environment_name`, with what holds the value in front where the name alone fits any value of its kind.

    Two classes with a `PASSWORD` each would read the same variable otherwise.
    """
    plain = environment_name(name)
    before = environment_name(holder) if holder else ""
    if not before or not is_any_of_its_kind(plain) or before.endswith(plain):
        return plain
    return f"{before}_{plain}"


def is_any_of_its_kind(variable: str) -> bool:
    """Whether the name fits any value of its kind: `PASSWORD`, `API_KEY`."""
    return _ANY_OF_ITS_KIND.fullmatch(variable) is not None


def is_label(value: str, name: str) -> bool:
    """Whether the value describes a credential (a message, the name of a field, an address) rather than being one."""
    sentence = " " in value.strip() and all(word.strip(".,:;!?'").isalpha() for word in value.split())
    mask = not any(character.isalnum() for character in value)
    kind = _TOKEN.search(name) is not None and (
        (len(value) < _SHORTEST_TOKEN and value.isalpha())
        or _NAME_OF_TOKEN.fullmatch(value) is not None
        or _WORDS_OF_TOKEN.fullmatch(value) is not None
    )
    stored = _STORED.search(name) is not None and _WORDS.fullmatch(value) is not None
    described = stored or sentence or mask or kind or _LABEL.fullmatch(value) or _DESCRIBES.search(name)
    file = any(each.fullmatch(value) for each in (_FILE, _MARK, _RATE, _STORE))
    return bool(described) or file or _names_itself(value, name)


def _names_itself(value: str, name: str) -> bool:
    """`PASSWORD_RESET = "password-reset"`, `PASSWORD_RESET_CODE = "PASSWORD_RESET"`; not `DB_PASSWORD = "password"`."""
    said, called = (environment_name(each).split("_") for each in (value, name))
    rest = iter(called)
    return "".join(said) == "".join(called) or (len(said) > 1 and all(word in rest for word in said))


def refuse_name(key: str) -> None:
    """Say so where the value only names something.

    Raises:
        Harmless: it does.
    """
    if _NAMES_ONE.fullmatch(key):
        message = f"{key} takes the name of something: no credential is written there"
        raise Harmless(message)


def refuse_public(key: str, value: str, where: str) -> None:
    """Say so where the value is one that everybody may know.

    Raises:
        Harmless: it is a checksum, or a public key's fingerprint.
    """
    if _PUBLIC_NAME.search(key) and _HEX.fullmatch(value):
        message = f"{where} is a checksum or the fingerprint of a public key, which everybody may know"
        raise Harmless(message)


def refuse_placeholder(value: str, where: str) -> None:
    """Say so where a value only shows where one's own belongs.

    Raises:
        Harmless: it does.
    """
    said = (_PLACEHOLDER.fullmatch(each) for each in (value, _decoded(value)))
    if any(said) or _is_counted(value) or _CUT_SHORT.search(value):
        message = f"{where} shows where a credential belongs, and holds none: suppress it with that reason"
        raise Harmless(message)
    parts = value.split(".")
    if value.startswith("eyJ") and len(parts) == 3 and (found := _MADE_UP.search(_decoded(parts[1]))):
        message = (
            f"{where} is a token for tests, as it says itself ({found[0]}): nobody who is asked with it lets one in"
        )
        raise Harmless(message)


def refuse_encoded(value: str, content: bytes, where: str) -> None:
    """Say so where the value is but the base64 of words that the file has in plain, as traces and exports write them,
    or of what a program packed.

    Raises:
        Harmless: it is.
    """
    if _is_packed(_bytes(value)):
        message = f"{where} is data that a program packed and wrote in base64: whoever unpacks it has it in plain"
        raise Harmless(message)
    plain = _decoded(value)
    if _PLAIN_WORDS.fullmatch(plain) and f'"{plain}"'.encode() in content:
        message = f"{where} is the base64 of words that stand in the file in plain: it hides nothing"
        raise Harmless(message)


def _decoded(value: str) -> str:
    """The text that a value is in base64; empty where it is none."""
    try:
        return _bytes(value).decode("ascii")
    except UnicodeDecodeError:
        return ""


def _bytes(value: str) -> bytes:
    """What a value is in base64, with or without its padding; empty where it is none."""
    try:
        return base64.b64decode(value.replace("-", "+").replace("_", "/") + "=" * (-len(value) % 4))
    except ValueError:
        return b""


def _is_packed(data: bytes) -> bool:
    """Whether bytes are a picture, an archive, or text that zlib packed."""
    if data.startswith(_PACKED):
        return True
    try:
        return data.startswith(b"x") and bool(zlib.decompressobj().decompress(data, _FIRST_BYTES))
    except zlib.error:
        return False


def _is_counted(value: str) -> bool:
    """Whether its characters are counted up, or one of them repeated."""
    plain = re.sub(r"[\W_]", "", value.lower())
    return len(plain) >= _SHORTEST_TOKEN and (len(set(plain)) == 1 or any(plain in run for run in _RUNS))


def refuse_test(path: str, line: int) -> None:
    """Say so where the credential stands in a test.

    Raises:
        Harmless: it does.
    """
    if is_test(path) or _OF_TESTS.search(path):
        message = f"{path}:{line} is test code: a made-up credential there protects nothing; exclude tests"
        raise Harmless(message)

"""Spring Security without its check of where a request comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import parsed, region
from workers.fixers.registry import Harmless, NoFix, Target, fixer

_STATELESS = re.compile(r"SessionCreationPolicy\s*\.\s*STATELESS")
_COOKIES = re.compile(r"\.\s*(?:formLogin|httpBasic|rememberMe|oauth2Login|saml2Login)\s*\(")


@fixer(
    name="spring-csrf",
    for_a_person=True,
    weakness="no protection against requests that other sites start",
    cwes=(352,),
    rules={"semgrep": ["spring-csrf-disabled"]},
    explain="""A browser sends the session's cookie with every request to the site, whichever site starts it: a page
elsewhere can post a form in the name of whoever looks at it (CWE-352). Spring Security asks each request that changes
something for a token that only its own pages know, unless `csrf().disable()` says not to.

An application without sessions, whose clients send a token in a header, has nothing that a browser sends by itself.
With sessions the check belongs back, and every form and script has to send its token, or it is answered with 403.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """None: which clients send the token, is for a person to see."""
    file = parsed(target, "java")
    source = file.content.decode()
    where = f"{file.path}:{region(target).start_line}"
    if _STATELESS.search(source) and not _COOKIES.search(source):
        message = f"{where} keeps no session and takes no sign-in by the browser: no other site can start a request"
        raise Harmless(message)
    message = (
        f"{where} has sessions: take the line out once every form and script sends the token (th:action and form:form "
        "do by themselves, scripts by CookieCsrfTokenRepository), or they are answered with 403"
    )
    raise NoFix(message)

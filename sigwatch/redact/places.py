"""Secrets that are known by the place they stand in: headers, cookies, addresses."""

from typing import Any

from sigwatch.redact.named import BARE, KEY_END, looks_random
from sigwatch.redact.rules import Rule, rule

_SCHEMES = (
    r"bearer|basic|digest|token|negotiate|ntlm|apikey|api-key|key|ssws|sso-key|geniekey|splunk|bot|oauth|hawk|hmac"
    r"|signature|shared(?:key|access)\w*|aws4-hmac-sha256"
)


def _scheme(match: Any) -> str:
    """`basic authentication` is a phrase; `basic dXNlcjpwYXNz` is a leak."""
    word, space, value = match.group(1), match.group(2), match.group(3)
    return f"{word}{space}[secret]" if looks_random(value.rstrip("=")) else str(match.group(0))


PLACES: tuple[Rule, ...] = (
    rule(
        "authorization-header",
        rf"(?i)\b((?:proxy-)?authorization{KEY_END})(\s*(?:=>|[:=])\s*(?:\\*[\"'])?)(?:(?:{_SCHEMES})\s+)?{BARE}",
        r"\1\2[secret]",
    ),
    rule("bearer-or-basic", r"(?i)\b(bearer|basic)(\s*[:=]\s*|\s+)([A-Za-z0-9._~+/-]{8,}=*)", _scheme),
    rule("aws-signature", r"(?i)(\bsignature(?:=|%3d|\\u003d))[0-9a-f]{40,}", r"\1[secret]"),
    rule("cookie", r"""(?i)\b((?:set-)?cookie)((?:\\*["'])?\s*[:=]\s*(?:\\*["'])?)[^"'\n\\]+""", r"\1\2[secret]"),
    rule("url-user-info", r"""(?i)\b([a-z][a-z0-9+.-]*://)[^\s/"'<>?#]+@""", r"\1[credentials]@"),
)

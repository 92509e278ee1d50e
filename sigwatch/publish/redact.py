"""Secrets and control characters out of log text, and nothing else: the line stays readable.

Patterns run on RE2, whose time is linear in the text whatever the text is. Masking a masked text changes nothing.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import re2

Replace = Callable[[Any], str]
"""From an RE2 match, which ships no type, to its replacement."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of secret, how it looks, and what takes its place."""

    name: str
    pattern: Any
    """Compiled by RE2."""
    replacement: str | Replace


_ANSI = re2.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
_INVISIBLE = frozenset("\u00ad\u061c\u180e\ufeff") | frozenset(
    chr(code) for start, end in ((0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F)) for code in range(start, end + 1)
)
"""Zero-width and direction characters: they hide text from a reader, and a secret from a pattern."""

_NOT_SECRET = frozenset({"null", "none", "nil", "true", "false", "undefined", "empty", "missing", "required"})

_PASSWORDS = r"passwords?|passwd|passphrase|passcode|pwd|password[_-]?(?:confirm|confirmation|repeat|again|hash)"
_OTHERS = (
    r"secret|secret[_-]?string|tokens?[_-]?value|token|api[_-]?key|access[_-]?key(?:[_-]?id)?|account[_-]?key"
    r"|secret[_-]?(?:access[_-]?)?key|private[_-]?key|signing[_-]?key|encryption[_-]?key|credentials?"
    r"|x-amz-(?:signature|credential|security-token)"
)
_ESCAPED = r'\\"(?:[^"\\]|\\\\(?:[^"\\]|\\["\\]))*(?:\\"|$)'
"""A string inside JSON inside JSON; a cut-off one ends with the text."""
_DOUBLE = r'"(?:[^"\\]|\\.)*(?:"|\\?$)'
_SINGLE = r"'(?:[^'\\]|\\.)*(?:'|\\?$)"
_BARE = r"""(?:\[[a-z-]+\])*[^\s"'\\,;&)\]}<>]*"""
_QUOTED = rf"{_ESCAPED}|{_DOUBLE}|{_SINGLE}"
_KEY_END = r"""(?:\\?["'])?"""


def _looks_random(value: str) -> bool:
    """Whether a bare word is more likely a credential than a word of a sentence."""
    inner = value[1:]
    mixed = inner != inner.lower() and value != value.upper()
    return any(character.isdigit() or character in "+/=" for character in value) or mixed or len(value) >= 32


def _placeholder(value: str) -> bool:
    return value.startswith("[") and value.endswith("]") and value[1:-1].replace("-", "").isalpha()


def _harmless(key: str, value: str) -> bool:
    """Values that hold no secret: absent ones, the name of a secret, a working directory, a mask already set."""
    if not value or value.lower() in _NOT_SECRET or _placeholder(value):
        return True
    return value.startswith("arn:") or (key.lower().endswith("pwd") and value.startswith("/"))


def _field(match: Any) -> str:
    key, between, value = match.group(1), match.group(2), match.group(3)
    quote = '\\"' if value.startswith('\\"') else value[:1] if value[:1] in {'"', "'"} else ""
    closed = bool(quote) and len(value) >= 2 * len(quote) and value.endswith(quote)
    inner = value[len(quote) : -len(quote)] if closed else value[len(quote) :]
    if _harmless(key, inner):
        return str(match.group(0))
    return f"{key}{between}{quote}[secret]{quote if closed else ''}"


def _prose(match: Any) -> str:
    """`invalid token: expired` is a sentence; `token: 9f8e7d` is a leak."""
    return _field(match) if _looks_random(match.group(3)) else str(match.group(0))


def _scheme(match: Any) -> str:
    """`basic authentication` is a phrase; `basic dXNlcjpwYXNz` is a leak."""
    word, space, value = match.group(1), match.group(2), match.group(3)
    return f"{word}{space}[secret]" if _looks_random(value) else str(match.group(0))


def _email(match: Any) -> str:
    """`git@github.com` names a service account that everybody has."""
    return str(match.group(0)) if match.group(1) == "git" else "[email]"


def _card(match: Any) -> str:
    """Only what carries a valid check digit (ISO/IEC 7812, Luhn): other long numbers are identifiers."""
    digits = [int(character) for character in match.group(0) if character.isdigit()]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return "[card]" if (sum(digits[::-2]) + doubled) % 10 == 0 else str(match.group(0))


def _rule(name: str, pattern: str, replacement: str | Replace) -> Rule:
    return Rule(name, re2.compile(pattern), replacement)


_PEM = r"PRIVATE KEY(?: BLOCK)?-----"

RULES: tuple[Rule, ...] = (
    _rule("private key", rf"-----BEGIN [A-Z0-9 ]*{_PEM}(?s:.*?)-----END [A-Z0-9 ]*{_PEM}", "[private-key]"),
    _rule(
        "cut-off private key",
        rf"-----BEGIN [A-Z0-9 ]*{_PEM}(?:(?:\s|\\[nr])*[A-Za-z0-9+/=]{{16,}}(?:(?:\s|\\[nr])+[A-Za-z0-9+/=]+)?)*",
        "[private-key]",
    ),
    _rule("JSON web token", r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){0,3}", "[jwt]"),
    _rule("AWS access key id", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b", "[aws-key]"),
    _rule("Slack token", r"\b(?:xox[a-z](?:\.xox[a-z])?|xapp)-[A-Za-z0-9-]{8,}", "[slack-token]"),
    _rule("Slack webhook", r"\b(hooks\.slack\.com/[a-z]+/)[A-Za-z0-9/_-]+", r"\1[slack-token]"),
    _rule("GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})", "[github-token]"),
    _rule(
        "API key of a known shape",
        r"\b(?:[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{20,}|AIza[A-Za-z0-9_-]{35}|glpat-[A-Za-z0-9_-]{20,}"
        r"|npm_[A-Za-z0-9]{36})",
        "[api-key]",
    ),
    _rule(
        "authorization header",
        rf"(?i)\b((?:proxy-)?authorization{_KEY_END})(\s*(?:=>|[:=])\s*(?:\\?[\"'])?)"
        rf"(?:(?:bearer|basic|digest|token|negotiate|apikey|aws4-hmac-sha256)\s+)?{_BARE}",
        r"\1\2[secret]",
    ),
    _rule("bearer or basic credentials", r"(?i)\b(bearer|basic)(\s*[:=]\s*|\s+)([A-Za-z0-9._~+/=-]{8,})", _scheme),
    _rule("cookie", r"""(?i)\b((?:set-)?cookie)((?:\\?["'])?\s*[:=]\s*(?:\\?["'])?)[^"'\n\\]+""", r"\1\2[secret]"),
    _rule("user info in a URL", r"""(?i)\b([a-z][a-z0-9+.-]*://)[^\s/"'<>?#]+@""", r"\1[credentials]@"),
    _rule(
        "named secrets in a list or an object",
        rf"(?i)([\w.-]*(?:{_PASSWORDS}|{_OTHERS})\\?[\"']\s*:\s*)(?:\[[^\[\]]*[\"'][^\[\]]*\]?|\{{[^{{}}]*\}}?)",
        r"\1[secret]",
    ),
    _rule(
        "named secret in quotes or after an equals sign",
        rf"(?i)([\w.-]*(?:{_PASSWORDS}|{_OTHERS}))({_KEY_END}\s*(?:=>|:=|[:=])\s*[bur]?)({_QUOTED})",
        _field,
    ),
    _rule(
        "secret assignment",
        rf"(?i)([\w.-]*(?:{_PASSWORDS}|{_OTHERS}))({_KEY_END}\s*(?:=>|:=|=|%3d)\s*)({_BARE})",
        _field,
    ),
    _rule("password in text", rf"(?i)([\w.-]*(?:{_PASSWORDS}))({_KEY_END}\s*:[ \t]*)({_BARE})", _field),
    _rule("secret in text", rf"(?i)((?:^|[^\w.:-])[\w.-]*(?:{_OTHERS}))({_KEY_END}\s*:[ \t]*)({_BARE})", _prose),
    _rule(
        "secret option",
        rf"(?i)((?:^|\s)--?[\w-]*(?:{_PASSWORDS}|{_OTHERS}))([ \t]+)({_QUOTED}|\[[a-z-]+\]|[^\s\"'\\\[-]{_BARE})",
        _field,
    ),
    _rule(
        "e-mail address",
        r"([A-Za-z0-9._%+-]+)@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}",
        _email,
    ),
    _rule(
        "payment card",
        r"\b(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|6011|65\d{2})(?:[ -]?\d{4}){3}\b|\b3[47]\d{2}[ -]?\d{6}[ -]?\d{5}\b",
        _card,
    ),
)
"""In order: what is recognised by its own shape first, so that its name is kept, then by the name beside it."""


def _kept(character: str) -> bool:
    return character in "\n\t" or not (unicodedata.category(character) == "Cc" or character in _INVISIBLE)


def strip_controls(text: str) -> str:
    """`text` without terminal escapes, control, zero-width and direction characters; newline and tab stay.

    A lone surrogate, which no UTF-8 channel can carry, becomes U+FFFD.
    """
    whole = text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    lines = whole.replace("\r\n", "\n").replace("\r", "\n")
    bare = _ANSI.sub("", lines) if "\x1b" in lines else lines
    return "".join(filter(_kept, bare)) if not bare.isprintable() else bare


def mask(text: str) -> str:
    """`text` with every secret replaced by a word in brackets, such as `[jwt]`, and without control characters."""
    masked = strip_controls(text)
    for rule in RULES:
        masked = rule.pattern.sub(rule.replacement, masked)
    return str(masked)


_SHELL_REFERENCE = re2.compile(
    r"((?:(?i)(?:authorization\s*[:=]\s*)?(?:(?:bearer|basic|token)\s+)?)\$(?:\w+|\{\w+\}|\([^()]*\)))"
)


def mask_document(text: str) -> str:
    """As `mask`, for documents that people wrote: shell references such as `$TOKEN` or `$(command)` stay.

    They name a secret and hold none, and a command without them can not be copied. In a log line the same characters
    may be part of a password, so this is not for those.
    """
    parts = _SHELL_REFERENCE.split(text)
    return "".join(part if number % 2 else mask(part) for number, part in enumerate(parts))

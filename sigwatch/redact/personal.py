"""What belongs to a person: addresses, cards, numbers of the state."""

from typing import Any

from sigwatch.redact.rules import Rule, rule


def _email(match: Any) -> str:
    """`git@github.com` names a service account that everybody has."""
    return str(match.group(0)) if match.group(1) == "git" else "[email]"


def _card(match: Any) -> str:
    """Only what carries a valid check digit (ISO/IEC 7812, Luhn): other long numbers are identifiers."""
    digits = [int(character) for character in match.group(0) if character.isdigit()]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return "[card]" if (sum(digits[::-2]) + doubled) % 10 == 0 else str(match.group(0))


PERSONAL: tuple[Rule, ...] = (
    rule(
        "email-address",
        r"([A-Za-z0-9._%+-]+)@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}",
        _email,
        hint="[A-Za-z0-9._%+-]@[A-Za-z0-9]",
    ),
    rule(
        "payment-card",
        r"\b(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|6011|65\d{2})(?:[ -]?\d{4}){3}\b|\b3[47]\d{2}[ -]?\d{6}[ -]?\d{5}\b",
        _card,
        hint=r"\d{4}[ -]?\d{4}",
    ),
    # Numbers of this shape are often something else, so only beside a word that says what they are.
    rule(
        "us-social-security-number",
        r"""(?i)((?:\b|_)(?:ssn|social[ _-]?security(?:[ _-]?(?:number|num|no))?)(?:[\s"'\\:=#.>-]|\bis\b){1,6})"""
        r"""\d{3}[ -]?\d{2}[ -]?\d{4}\b""",
        r"\1[ssn]",
        hint="(?i)ssn|social[ _-]?security",
    ),
)

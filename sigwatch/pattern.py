"""What a detection pattern must be able to do: narrow a query, and decide locally."""

from sigwatch.match.engine import finds
from sigwatch.plan import literals
from sigwatch.plan.insights import filter_of


def judge(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text.

    Raises:
        ValueError: a sentence with the cure: the pattern can not be watched for.
    """
    filter_of(pattern)
    return finds(pattern, text)


def required(pattern: str) -> tuple[str, ...]:
    """Texts of which whatever the pattern is found in holds one, letter case apart; empty where none is certain."""
    try:
        filter_of(pattern)
    except ValueError:
        return ()
    return tuple(literal.text for literal in literals.required(pattern))

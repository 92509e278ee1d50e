"""What a detection pattern must be able to do: narrow a query, and decide locally."""

from sigwatch.match.engine import finds
from sigwatch.plan.insights import filter_of


def judge(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text.

    Raises:
        ValueError: a sentence with the cure: the pattern can not be watched for.
    """
    filter_of(pattern)
    return finds(pattern, text)

"""Rather a plain message than none."""

from collections.abc import Callable
from typing import TypeVar

from sigwatch.errors import Refused

T = TypeVar("T")


def plainer(full: Callable[[], T], plain: Callable[[], T]) -> T:
    """What `full` gives, or `plain` where the target refuses the full form for what is in it.

    Raises:
        PublishError: of either.
    """
    try:
        return full()
    except Refused as refused:
        if not refused.because_of_content:
            raise
    return plain()

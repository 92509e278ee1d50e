"""A request's parameters, checked as the service checks them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sigwatch.local.errors import ApiError, invalid, refusal
from sigwatch.local.pointers import page_token, place_in

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Parameters:
    """The JSON body of a request."""

    members: Mapping[str, object]

    def text(self, name: str) -> str:
        """A text that must be there.

        Raises:
            ApiError: it is missing, empty, or something else.
        """
        value = self.optional_text(name)
        if value is None:
            raise _missing(name)
        return value

    def optional_text(self, name: str) -> str | None:
        """A text, or None when it is not given.

        Raises:
            ApiError: it is empty, or something else.
        """
        value = self.members.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise _wrong_type(name)
        if not value:
            raise invalid(f"Value '' at '{name}' failed to satisfy constraint: Member must not be empty")
        return value

    def number(self, name: str, low: int, high: int | None = None) -> int:
        """A whole number that must be there, between two bounds that are allowed themselves.

        Raises:
            ApiError: it is missing, out of bounds, or something else.
        """
        value = self.optional_number(name, low, high)
        if value is None:
            raise _missing(name)
        return value

    def optional_number(self, name: str, low: int, high: int | None = None) -> int | None:
        """A whole number, or None when it is not given.

        Raises:
            ApiError: it is out of bounds, or something else.
        """
        value = self.members.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            raise _wrong_type(name)
        if value < low or (high is not None and value > high):
            bounds = f"at least {low}" if high is None else f"between {low} and {high}"
            raise invalid(f"Value '{value}' at '{name}' failed to satisfy constraint: Member must be {bounds}")
        return value

    def texts(self, name: str, most: int) -> tuple[str, ...]:
        """A list of texts, empty when it is not given.

        Raises:
            ApiError: it is given empty, is too long, or is something else.
        """
        value = self.members.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise _wrong_type(name)
        if not 1 <= len(value) <= most:
            raise invalid(
                f"Value at '{name}' failed to satisfy constraint: Member must have length between 1 and {most}"
            )
        return tuple(value)

    def objects(self, name: str) -> tuple["Parameters", ...]:
        """A list of objects that must be there.

        Raises:
            ApiError: it is missing or something else.
        """
        value = self.members.get(name)
        if value is None:
            raise _missing(name)
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise _wrong_type(name)
        return tuple(Parameters(each) for each in value)

    def flag(self, name: str) -> bool:
        """A switch, off when it is not given.

        Raises:
            ApiError: it is something else.
        """
        value = self.members.get(name, False)
        if not isinstance(value, bool):
            raise _wrong_type(name)
        return value


def page(
    items: Sequence[Item], key: Callable[[Item], str], parameters: Parameters, size: int
) -> tuple[Sequence[Item], str | None]:
    """The part of a list that a request's `nextToken` asks for, and the token of what follows.

    Raises:
        ApiError: the token is not one of this listing.
    """
    start = 0
    token = parameters.optional_text("nextToken")
    if token is not None:
        place = place_in(token, "page")
        if place is None:
            raise bad_token()
        start = next((at for at, item in enumerate(items, 1) if key(item) == place), len(items))
    part = items[start : start + size]
    return part, page_token("page", key(part[-1])) if start + size < len(items) else None


def bad_token() -> ApiError:
    """The error for a token that the service did not hand out for this."""
    return invalid("The specified nextToken is invalid.")


def _missing(name: str) -> ApiError:
    return invalid(
        f"1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
    )


def _wrong_type(name: str) -> ApiError:
    return refusal("SerializationException", f"'{name}' is of the wrong type")

"""A place in a list of tokens, and what may come next there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sigwatch.local.errors import QueryError
from sigwatch.local.lexer import Kind, Token, tokenize, unexpected

Part = TypeVar("Part")
_DEEPEST = 100


class Cursor:
    """Reads the tokens of one query from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokenize(text)
        self._at = 0
        self._depth = 0

    @property
    def next(self) -> Token:
        """The token that comes next, without taking it."""
        return self._tokens[self._at]

    def take(self) -> Token:
        """The token that comes next; the end of the text stays where it is."""
        token = self.next
        if token.kind is not Kind.END:
            self._at += 1
        return token

    def surprise(self, token: Token | None = None) -> QueryError:
        """The error for a token that has no place here, by default the next one."""
        return unexpected(self._text, token or self.next)

    def accept(self, *symbols: str) -> Token | None:
        """Take the next token when it is one of these symbols."""
        token = self.next
        return self.take() if token.kind is Kind.SYMBOL and token.value in symbols else None

    def accept_word(self, *words: str) -> str | None:
        """Take the next token when it is one of these words in any case; gives the word in lower case."""
        token = self.next
        if token.kind is Kind.WORD and token.value.lower() in words:
            return self.take().value.lower()
        return None

    def expect(self, symbol: str) -> Token:
        """Take this symbol.

        Raises:
            QueryError: something else comes next.
        """
        token = self.accept(symbol)
        if token is None:
            raise self.surprise()
        return token

    def expect_kind(self, *kinds: Kind) -> Token:
        """Take a token of one of these kinds.

        Raises:
            QueryError: something else comes next.
        """
        if self.next.kind not in kinds:
            raise self.surprise()
        return self.take()

    @contextmanager
    def nested(self) -> Iterator[None]:
        """One level deeper, while it lasts.

        Raises:
            QueryError: it is too deep.
        """
        if self._depth == _DEEPEST:
            raise self.surprise()
        self._depth += 1
        yield
        self._depth -= 1

    def listed(self, part: Callable[[], Part]) -> tuple[Part, ...]:
        """One part or more, with commas between them."""
        parts = [part()]
        while self.accept(","):
            parts.append(part())
        return tuple(parts)

    def source_since(self, start: int) -> str:
        """The text from an offset up to the last token taken."""
        return self._text[start : self._tokens[self._at - 1].end]

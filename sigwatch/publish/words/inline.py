"""The little markdown inside a step: code, bold and links. Pure.

Emphasis with single stars or underscores is left alone on purpose: `infra/**/*.py` and `__init__.py` without back-ticks
are far more frequent in such documents, and losing a character of a path costs more than a missing slant.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

_TOKEN = re.compile(
    r"(?<!`)(?P<ticks>`++)(?P<code>[^`]+)(?P=ticks)(?!`)"
    r"|(?<![\w*/])\*\*(?P<bold>[^*\s][^*]*)(?<!\s)\*\*(?![\w*/])"
    r"|\[(?P<label>[^\]\[]+)\]\((?P<url>https?://[^\s()<>|]+)\)"
)


_SHOWN_HOST = re.compile(r"(?:[a-z]+://|www\.|^)(?P<host>[\w-]{1,63}(?:\.[\w-]{1,63}){1,9})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Run:
    """Characters of one style."""

    text: str
    code: bool = False
    bold: bool = False
    url: str = ""
    """Where a link leads; empty for none."""


def runs(text: str) -> tuple[Run, ...]:
    """Split a line of markdown into runs; what is no markdown stays as it is, character for character."""
    return tuple(run for run in _split(text) if run.text)


def plain(text: str) -> str:
    """The characters alone; a link keeps its address in brackets."""
    return "".join(f"{run.text} ({run.url})" if run.url else run.text for run in runs(text))


def _split(text: str) -> Iterator[Run]:
    end = 0
    for match in _TOKEN.finditer(text):
        yield Run(text[end : match.start()])
        end = match.end()
        if match["code"] is not None:
            yield Run(match["code"].strip() or match["code"], code=True)
        elif match["bold"] is not None:
            yield from (replace(run, bold=True) for run in _split(match["bold"]))
        else:
            yield from _link(match["label"], match["url"])
    yield Run(text[end:])


def _link(label: str, url: str) -> Iterator[Run]:
    shown = _SHOWN_HOST.search(label.strip())
    host = urlsplit(url).netloc.rpartition("@")[2].partition(":")[0]
    # A label that names one host and leads to another is how people are led astray; then the address is seen as it is.
    if shown and shown["host"].lower().removeprefix("www.") != host.lower().removeprefix("www."):
        yield Run(f"{label} ({url})")
    else:
        yield Run(label, url=url)

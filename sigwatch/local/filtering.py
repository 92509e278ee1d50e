"""FilterLogEvents, with the plain part of its pattern language: words and quoted phrases, all of which must occur."""

import re

from sigwatch.local.errors import invalid
from sigwatch.local.logs import Event
from sigwatch.local.pointers import page_token, place_in
from sigwatch.local.requests import Parameters, bad_token
from sigwatch.local.service import Body, Request, Service, group_named

MOST_FOUND = 10_000
_TERM = re.compile(r'\s*(?:"((?:[^"\\]|\\["\\])*)"|([\w.:/@-]*[\w.:/@][\w.:/@-]*))(?=\s|$)')
_NO_END_MS = 1 << 62


def filter_log_events(service: Service, request: Request) -> Body:
    """A page of a group's events in order of time; start and end in epoch milliseconds are both included."""
    parameters = request.parameters
    group = group_of(service, parameters)
    terms = parse_terms(parameters.optional_text("filterPattern") or "")
    names = parameters.texts("logStreamNames", 100)
    prefix = parameters.optional_text("logStreamNamePrefix")
    if names and prefix is not None:
        raise invalid("logStreamNames and logStreamNamePrefix are mutually exclusive.")
    first = parameters.optional_number("startTime", 0) or 0
    last = parameters.optional_number("endTime", 0)
    found = service.store.search(group, first, _NO_END_MS if last is None else last, service.clock())
    events = [
        event
        for event in service.injector.shown(found)
        if (not names or event.stream in names)
        and event.stream.startswith(prefix or "")
        and all(term in event.message for term in terms)
    ]
    start = _offset(parameters, group)
    end = start + (parameters.optional_number("limit", 1, MOST_FOUND) or MOST_FOUND)
    body: Body = {"events": [_found(event) for event in events[start:end]], "searchedLogStreams": []}
    return body if end >= len(events) else body | {"nextToken": page_token(group, str(end))}


def group_of(service: Service, parameters: Parameters) -> str:
    """The one group that a request names or identifies.

    Raises:
        ApiError: it does both, or neither.
    """
    name = parameters.optional_text("logGroupName")
    identifier = parameters.optional_text("logGroupIdentifier")
    if (name is None) == (identifier is None):
        raise invalid("Exactly one of logGroupName and logGroupIdentifier must be given.")
    return name or group_named(service, identifier or "")


def parse_terms(pattern: str) -> tuple[str, ...]:
    """The texts that a message must contain.

    Raises:
        ApiError: the pattern uses more of the language than words and quoted phrases.
    """
    terms: list[str] = []
    rest = pattern.strip()
    while rest:
        found = _TERM.match(rest)
        if found is None or rest.startswith(("-", "?")):
            raise invalid(f"Invalid filter pattern at '{rest}': only words and quoted phrases are supported here")
        phrase, word = found.groups()
        terms.append(word if phrase is None else re.sub(r'\\(["\\])', r"\1", phrase))
        rest = rest[found.end() :].strip()
    return tuple(terms)


def _offset(parameters: Parameters, group: str) -> int:
    token = parameters.optional_text("nextToken")
    if token is None:
        return 0
    place = place_in(token, group)
    if place is None or not place.isdecimal():
        raise bad_token()
    return int(place)


def _found(event: Event) -> Body:
    return {
        "logStreamName": event.stream,
        "timestamp": event.ts_ms,
        "message": event.message,
        "ingestionTime": event.ingested_ms,
        "eventId": f"{event.number:056d}",
    }

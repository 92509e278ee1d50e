"""The operations on queries and on the records they find."""

import re
from collections.abc import Callable, Mapping

from sigwatch.local.errors import denied, invalid, malformed
from sigwatch.local.faults import Status
from sigwatch.local.grammar import MOST_ROWS
from sigwatch.local.pointers import page_token, place_in
from sigwatch.local.queries import Search, View, cells, statistics
from sigwatch.local.records import discover
from sigwatch.local.requests import Parameters, bad_token, page
from sigwatch.local.service import Body, Request, Service, group_arn, group_named
from sigwatch.local.values import text_of

MOST_GROUPS = 50
MOST_CHARACTERS = 10_000
PAGE = 10_000
_LANGUAGE = "CWLI"
_TOKEN_SECONDS = 3600
_PLACE = re.compile(r"(\d+) (\d+)")
_MILLISECONDS_FROM = 100_000_000_000
"""As seconds this is the year 5138, as milliseconds 1973: what is larger was meant as milliseconds."""


def start_query(service: Service, request: Request) -> Body:
    """Start a search; start and end in epoch seconds mean those very instants, and both are included."""
    parameters = request.parameters
    language = parameters.optional_text("queryLanguage") or _LANGUAGE
    if language != _LANGUAGE:
        raise invalid(f"Query language '{language}' is not available here.")
    text = _query_text(parameters)
    first_ms, last_ms = _instant(parameters, "startTime"), _instant(parameters, "endTime")
    if first_ms > last_ms:
        raise invalid("Query's start time must not be after its end time.")
    groups = _groups(service, parameters)
    forbidden = service.injector.forbidden(groups)
    if forbidden:
        arn = group_arn(service, request.region, min(forbidden))
        raise denied("logs:StartQuery", service.settings.account, arn)
    limit = parameters.optional_number("limit", 1, MOST_ROWS)
    return {"queryId": service.queries.start(Search(text, groups, first_ms, last_ms, limit))}


def get_query_results(service: Service, request: Request) -> Body:
    """A page of what a query shows now."""
    parameters = request.parameters
    query_id = parameters.text("queryId")
    size = parameters.optional_number("maxItems", 0, PAGE) or PAGE
    view = service.queries.view(query_id)
    now = int(service.clock())
    start = _place(parameters, query_id, now)
    cut = service.injector.faults.truncate_message
    body: Body = {
        "queryLanguage": _LANGUAGE,
        "results": [cells(view, row, cut) for row in view.rows[start : start + size]],
        "statistics": statistics(view),
        "status": view.status,
    }
    if start + size < len(view.rows):
        body["nextToken"] = page_token(query_id, f"{start + size} {now}")
    return body


def stop_query(service: Service, request: Request) -> Body:
    """End a query early; it is an error when it has ended."""
    service.queries.stop(request.parameters.text("queryId"))
    return {"success": True}


def describe_queries(service: Service, request: Request) -> Body:
    """A page of queries, the newest first."""
    parameters = request.parameters
    group = parameters.optional_text("logGroupName")
    status = parameters.optional_text("status")
    if status is not None and status not in set(Status):
        raise invalid(f"Value '{status}' at 'status' failed to satisfy constraint")
    views = [
        view
        for view in service.queries.views()
        if group in (None, *view.job.search.groups) and status in (None, view.status)
    ]
    size = parameters.optional_number("maxResults", 1, 1000) or 1000
    part, token = page(views, lambda view: view.job.id, parameters, size)
    body: Body = {"queries": [_summary(view) for view in part]}
    return body if token is None else body | {"nextToken": token}


def get_log_record(service: Service, request: Request) -> Body:
    """The whole event behind a pointer, times in epoch milliseconds."""
    text = request.parameters.text("logRecordPointer")
    event = service.queries.record(text)
    record = {name: text_of(value) for name, value in discover(event.message).items()}
    record |= {
        "@ingestionTime": str(event.ingested_ms),
        "@log": f"{event.owner or service.settings.account}:{event.group}",
        "@logStream": event.stream,
        "@message": event.message,
        "@ptr": text,
        "@timestamp": str(event.ts_ms),
    }
    return {"logRecord": record}


OPERATIONS: Mapping[str, Callable[[Service, Request], Body]] = {
    "DescribeQueries": describe_queries,
    "GetLogRecord": get_log_record,
    "GetQueryResults": get_query_results,
    "StartQuery": start_query,
    "StopQuery": stop_query,
}


def _query_text(parameters: Parameters) -> str:
    text = parameters.members.get("queryString")
    if text == "":
        raise malformed("unexpected symbol found <EOF> at line 1 and position 0", 0, 0)
    text = parameters.text("queryString")
    if len(text) > MOST_CHARACTERS:
        raise invalid(
            "1 validation error detected: Value at 'queryString' failed to satisfy constraint:"
            f" Member must have length less than or equal to {MOST_CHARACTERS}"
        )
    return text


def _instant(parameters: Parameters, name: str) -> int:
    value = parameters.number(name, 0)
    return value if value >= _MILLISECONDS_FROM else value * 1000


def _groups(service: Service, parameters: Parameters) -> tuple[str, ...]:
    one = parameters.optional_text("logGroupName")
    given = [
        () if one is None else (one,),
        parameters.texts("logGroupNames", MOST_GROUPS),
        tuple(group_named(service, each) for each in parameters.texts("logGroupIdentifiers", MOST_GROUPS)),
    ]
    named = [groups for groups in given if groups]
    if len(named) != 1:
        raise invalid("Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be given.")
    return tuple(dict.fromkeys(named[0]))


def _place(parameters: Parameters, query_id: str, now: int) -> int:
    token = parameters.optional_text("nextToken")
    if token is None:
        return 0
    found = _PLACE.fullmatch(place_in(token, query_id) or "")
    if found is None or now - int(found[2]) > _TOKEN_SECONDS:
        raise bad_token()
    return int(found[1])


def _summary(view: View) -> Body:
    job = view.job
    return {
        "bytesScanned": statistics(view)["bytesScanned"],
        "createTime": int(job.created * 1000),
        "logGroupName": job.search.groups[0],
        "queryDuration": int((job.ends_at - job.created) * 1000 * view.share),
        "queryId": job.id,
        "queryLanguage": _LANGUAGE,
        "queryString": job.search.text,
        "status": view.status,
    }

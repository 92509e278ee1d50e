"""The same few events in every format."""

import json
from dataclasses import dataclass

EVENTS = [
    (1770184931123, "web/app/0123", 'ERROR one\n  at x\ty {"a": "}],{\\"b"}\n'),
    (1770184931456, "web/app/0123", 'two }{" ü 😀'),
    (1770184932000, "web/app/4567", "three"),
]
"""Time, stream and message."""


@dataclass(frozen=True)
class Sample:
    name: str
    data: bytes
    told: list[tuple[int, str, str]]
    """Time, stream and message of its events."""


def found(time: int, stream: str, message: str) -> dict[str, object]:
    return {
        "logStreamName": stream,
        "timestamp": time,
        "message": message,
        "ingestionTime": time + 900,
        "eventId": str(time) * 4,
    }


FOUND = [found(*event) for event in EVENTS]
GOT = [{"timestamp": time, "message": message, "ingestionTime": time + 900} for time, _, message in EVENTS]
HERE = [(time, "one", message) for time, _, message in EVENTS]
BARE = [(time, "one", message.rstrip("\n")) for time, _, message in EVENTS]
ALL = {"events": FOUND, "searchedLogStreams": []}
STREAMS = [{"logStreamName": "a", "searchedCompletely": True}, {"logStreamName": "b", "searchedCompletely": False}]
TOKENS = {"nextForwardToken": "f/3", "nextBackwardToken": "b/3"}


def columns() -> str:
    lines = ["EVENTS\t{eventId}\t{ingestionTime}\t{logStreamName}\t{message}\t{timestamp}\n".format(**e) for e in FOUND]
    return "".join([*lines, "SEARCHEDLOGSTREAMS\tweb/app/0123\tTrue\n"])


def got_columns() -> str:
    lines = ["EVENTS\t{ingestionTime}\t{message}\t{timestamp}\n".format(**e) for e in GOT]
    token = "3" * 56
    return "".join([f"b/{token}/s\tf/{token}/s\n", *lines])


def tail(iso: str, between: str = " ") -> str:
    return "".join(f"{at} {stream}{between}{message.rstrip()}\n" for at, stream, message in tailed(iso))


def tailed(iso: str) -> list[tuple[str, str, str]]:
    times = [f"{iso}11.123000+00:00", f"{iso}11.456000+00:00", f"{iso}12+00:00"]
    return [(at, stream, message) for at, (_, stream, message) in zip(times, EVENTS, strict=True)]


def records() -> list[str]:
    sent = [
        {
            "messageType": "DATA_MESSAGE",
            "owner": "1",
            "logGroup": "/app",
            "logStream": stream,
            "logEvents": [{"id": "1", "timestamp": time, "message": message}],
        }
        for time, stream, message in EVENTS
    ]
    control = {"messageType": "CONTROL_MESSAGE", "owner": "CloudwatchLogs", "logGroup": "", "logEvents": []}
    return [json.dumps(record) for record in [control, *sent]]


ISO = "2026-02-04T06:02:"
DOCKER = [
    {"log": message.replace("\n", " ") + "\n", "stream": "stdout", "time": f"{ISO}{second}Z"}
    for second, (_, _, message) in zip(["11.123456789", "11.456", "12"], EVENTS, strict=True)
]
SAMPLES = [
    Sample("pretty document", json.dumps(ALL, indent=4).encode() + b"\n", EVENTS),
    Sample("pretty unicode document", json.dumps(ALL, indent=4, ensure_ascii=False).encode(), EVENTS),
    Sample("document in one line", json.dumps(ALL).encode(), EVENTS),
    Sample("document without blanks", json.dumps(ALL, separators=(",", ":")).encode(), EVENTS),
    Sample("document with streams", json.dumps(ALL | {"searchedLogStreams": STREAMS}, indent=4).encode(), EVENTS),
    Sample("documents", (json.dumps({"events": GOT} | TOKENS, indent=4) + "\n").encode() * 2, HERE * 2),
    Sample("array", json.dumps(FOUND, indent=2).encode(), EVENTS),
    Sample("objects over lines", "\n".join(json.dumps(e, indent=2) for e in FOUND).encode(), EVENTS),
    Sample("lines", "".join(json.dumps(e) + "\n" for e in FOUND).encode(), EVENTS),
    Sample("lines of windows", "".join(json.dumps(e) + "\r\n" for e in FOUND).encode(), EVENTS),
    Sample("lines with a mark", b"\xef\xbb\xbf" + "\n".join(json.dumps(e) for e in FOUND).encode(), EVENTS),
    Sample("columns", columns().encode(), EVENTS),
    Sample("columns of one stream", got_columns().encode(), HERE),
    Sample("tail", tail(ISO).encode(), [(t, s, m.rstrip("\n")) for t, s, m in EVENTS]),
    Sample("tail of objects", tail(ISO, "\n").encode(), [(t, s, m.rstrip("\n")) for t, s, m in EVENTS]),
    Sample("records", "".join(record + "\n" for record in records()).encode(), EVENTS),
    Sample("records in one line", "".join(records()).encode(), EVENTS),
    Sample(
        "docker",
        "".join(json.dumps(line) + "\n" for line in DOCKER).encode(),
        [(time, "one", message.replace("\n", " ")) for time, _, message in EVENTS],
    ),
]
EXPORTED = "".join(f"{at[:-9] if '.' in at else at[:-6] + '.000'}Z {m.rstrip()}\n" for at, _, m in tailed(ISO)).encode()
PLAIN = "2026-02-04 06:02:11 one\n  more\n\n2026-02-04 06:02:12 ü 😀\r\nrest\n2026-02-04 06:02:13 three\n" * 3
UNDATED = 'one\n  more\nTraceback (most recent call last):\n  File "a.py"\nKeyError: 1\n}\n\ntwo ü\nthree\n' * 3
STRUCTURED = '{"time":1770184931123,"m":"ü 😀"}\n{"m":"}{\\"b"}\n{"time":1770184931456}\n' * 3

"""A corpus of secrets in everything that carries them, and of what must be left alone."""

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigwatch.redact.standard import STANDARD, mask
from tests.unit.redact.corpus import NAMES, SHAPES, some
from tests.unit.redact.harmless import HARMLESS

CORPORA = Path(__file__).resolve().parents[3] / "../shared/corpora"

Carrier = Callable[[str], str]


def in_json(secret: str) -> str:
    return json.dumps({"level": "ERROR", "detail": f"refused {secret} at", "n": 1})


def in_json_in_json(secret: str) -> str:
    return json.dumps({"body": json.dumps({"detail": f"refused {secret} at", "n": 1}), "ok": False})


def in_json_thrice(secret: str) -> str:
    return json.dumps({"record": in_json_in_json(secret), "end": True})


def in_json_after_a_new_line(secret: str) -> str:
    return json.dumps({"stack": f"Error: refused\n{secret}\n    at run (app.js:1:2)"})


CARRIERS: dict[str, Carrier] = {
    "plain": lambda secret: f"worker 7 sent {secret} and went on",
    "alone": lambda secret: secret,
    "json": in_json,
    "json in json": in_json_in_json,
    "json thrice": in_json_thrice,
    "json after a new line": in_json_after_a_new_line,
    "key=value": lambda secret: f"at=error value={secret} status=500",
    "quoted": lambda secret: f"value='{secret}', status=500",
    "url query": lambda secret: f"GET /v1/items?value={quote(secret, safe='')}&page=2 200",
    "yaml": lambda secret: f"settings:\n  value: {secret}\n  other: 1",
    "header": lambda secret: f"> X-Custom: {secret}\n> Accept: */*",
    "stack trace": lambda secret: f'  File "app.py", line 3, in run\nValueError: {secret}\nduring request 17',
    "xml": lambda secret: f"<item><value>{secret}</value><n>1</n></item>",
}
NAMED: dict[str, Callable[[str, str], str]] = {
    "key=value": lambda name, value: f"at=error {name}={value} status=500",
    "quoted": lambda name, value: f"at=error {name}='{value}', status=500",
    "json": lambda name, value: json.dumps({"level": "ERROR", name: value, "n": 1}),
    "json in json": lambda name, value: json.dumps({"body": json.dumps({name: value, "n": 1}), "ok": False}),
    "json thrice": lambda name, value: json.dumps({"r": json.dumps({"body": json.dumps({name: value, "n": 1})})}),
    "unicode escapes": lambda name, value: f'{{"{escaped(name)}": "{escaped(value)}", "n": 1}}',
    "url query": lambda name, value: f"GET /v1/items?{name}={value}&page=2 200",
    "url query with JSON": lambda name, value: f"GET /v1/items?q={quote(json.dumps({name: value}))}&page=2 200",
    "yaml": lambda name, value: f"settings:\n  {name}: {value}\n  other: 1",
    "header": lambda name, value: f"> {name}: {value}\n> Accept: */*",
    "stack trace": lambda name, value: f'  File "app.py", line 3\nValueError: Settings({name}={value})\nrequest 17',
    "xml": lambda name, value: f"<item><{name}>{value}</{name}><n>1</n></item>",
    "xml in json": lambda name, value: f'{{"x":"\\u003c{name}\\u003e{value}\\u003c/{name}\\u003e"}}',
    "xml escaped": lambda name, value: f"body &lt;{name}&gt;{value}&lt;/{name}&gt; end",
    "environment": lambda name, value: f'{{"name": "{name}", "value": "{value}"}}',
    "option": lambda name, value: f"tool --{name} {value} run",
}


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(character):04x}" if number % 2 else character for number, character in enumerate(text))


def cores(secret: str) -> list[str]:
    """Parts of a secret that must not survive: its lines, without what names its kind and with no frame of a key."""
    return [line[-12:].rstrip("=") for line in secret.split("\n") if not line.startswith(("-----", "Private-"))]


def check(line: str, secret: str, marks: tuple[str, ...]) -> str:
    masked = mask(line)
    assert not [core for core in cores(secret) if core in masked], masked
    assert "[" in masked
    assert all(mark in masked for mark in marks), masked
    assert mask(masked) == masked
    return masked


def marks(line: str) -> tuple[str, ...]:
    """Words of the carriers that have to be there afterwards."""
    words = (
        "worker 7 sent",
        "and went on",
        "at=error",
        "status=500",
        "GET /v1/items",
        "page=2 200",
        "settings:",
        "other: 1",
    )
    more = (
        "Accept: */*",
        'File "app.py"',
        "request 17",
        "<n>1</n></item>",
        '"n": 1',
        "app.js:1:2",
        '"ok": false',
        "refused",
    )
    return tuple(word for word in (*words, *more) if word in line)


def test_the_corpus_is_large() -> None:
    assert len({secret for _, secret in SHAPES}) + len(NAMES) >= 200
    assert len(set(HARMLESS)) >= 100


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize(("rule", "secret"), SHAPES, ids=[f"{n}-{rule}" for n, (rule, _) in enumerate(SHAPES)])
def test_no_secret_with_a_shape_survives(rule: str, secret: str, carrier: str) -> None:
    line = CARRIERS[carrier](secret)
    check(line, secret, marks(line))


@pytest.mark.parametrize(("rule", "secret"), SHAPES, ids=[f"{n}-{rule}" for n, (rule, _) in enumerate(SHAPES)])
def test_a_secret_is_found_by_the_rule_for_it(rule: str, secret: str) -> None:
    own = next(one for one in STANDARD if one.name == rule)
    found = own.pattern.sub(own.replacement, f"sent {secret} on")
    assert found.startswith("sent [")
    assert found.endswith("] on")


@pytest.mark.parametrize("carrier", NAMED)
@pytest.mark.parametrize("name", NAMES)
def test_no_secret_beside_a_name_survives(name: str, carrier: str) -> None:
    value = some("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", 24)
    line = NAMED[carrier](name, value)
    check(line, value, marks(line))


@pytest.mark.parametrize("line", HARMLESS)
def test_what_is_harmless_is_left_alone(line: str) -> None:
    assert mask(line) == line


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the corpora of logs are not on this machine")
def test_logs_that_others_wrote_are_left_alone() -> None:
    lines = {line for path in CORPORA.rglob("*.log") for line in path.read_text(errors="replace").splitlines()}
    printable = [line for line in lines if line.isprintable()]
    assert len(printable) > 1_000
    assert [(line, mask(line)) for line in printable if mask(line) != line] == []


PIECES = st.sampled_from(
    [secret for _, secret in SHAPES]
    + [
        *NAMES,
        "=",
        ": ",
        '"',
        "'",
        '\\"',
        "\\u0022",
        "\\u003d",
        "%22",
        "%3D",
        "&lt;",
        "&gt;",
        "<",
        ">",
        "/",
        "-p",
        "[x]",
    ]
)


@settings(max_examples=300)
@given(st.lists(PIECES | st.text(st.characters(), max_size=6), max_size=8).map("".join))
def test_masking_twice_is_masking_once(text: str) -> None:
    once = mask(text)
    assert mask(once) == once


@settings(max_examples=300)
@given(st.text(st.characters(categories=["Cs", "Cc", "Cf", "L", "N", "P", "S", "Z"])))
def test_any_text_can_be_masked(text: str) -> None:
    masked = mask(text)
    assert mask(masked) == masked
    masked.encode()

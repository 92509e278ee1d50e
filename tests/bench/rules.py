"""Patterns as people write them by hand, and logs as several systems write them, made up reproducibly."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from sigwatch.model.knowledge import KnowledgeObject, Signature
from tests.bench.corpus import NOUNS, PARTS

_THINGS = [
    "connection pool", "replica set", "consumer group", "certificate", "config map", "secret", "volume", "node",
    "pod", "container", "queue", "topic", "partition", "lock", "transaction", "index", "shard", "snapshot",
    "leader election", "heartbeat", "lease", "token", "session", "quota", "rate limit", "deployment", "webhook",
    "cache", "upstream", "gateway", "load balancer", "DNS lookup", "TLS handshake", "scheduler", "worker",
    "migration", "schema", "table", "relation", "column", "disk", "memory", "file descriptor", "socket", "thread",
    "buffer", "stream", "bucket", "object", "payload", "request", "cursor",
]  # fmt: skip
_VERBS = [
    "failed to acquire", "could not open", "unable to allocate", "refused to", "timed out waiting for", "lost",
    "exceeded", "rejected", "was evicted from", "could not be renewed for", "is full:", "is not available for",
    "has expired:", "was killed by", "failed to bind",
]  # fmt: skip
_ENDS = [
    "deadline exceeded", "no space left on device", "permission denied", "too many open files",
    "connection reset by peer", "out of memory", "not found", "already exists", "is invalid", "max clients reached",
    "address already in use", "broken pipe", "unexpected EOF", "read-only file system", "no route to host",
]  # fmt: skip
_CODES = [
    "ENOSPC", "ECONNREFUSED", "ETIMEDOUT", "OOMKilled", "CrashLoopBackOff", "AddressLimitExceeded",
    "ThrottlingException", "DeadlockDetected", "SerializationFailure", "NodeNotReady", "ImagePullBackOff",
    "FailedMount", "InsufficientCapacity", "PrimarySteppedDown",
]  # fmt: skip
_WORDS = [
    "accept", "session", "closed", "opened", "user", "root", "publickey", "connection", "from", "port", "request",
    "completed", "in", "ms", "status", "cache", "hit", "miss", "worker", "started", "stopped", "retry", "attempt",
    "queue", "depth", "lag", "committed", "offset", "partition", "topic", "leader", "epoch", "replica", "fetched",
    "block", "received", "terminating", "packet", "responder", "deleted", "served", "verification", "succeeded",
]  # fmt: skip

FIRST_MS = 1_770_000_000_000
LINES_PER_SECOND = 40
POOL = 100_000
"""Different lines; each is written with times of its own."""

Rule = tuple[str, str]
"""A pattern, and a text that it is found in."""


def rules(count: int, seed: int = 11) -> list[Rule]:
    """That many different rules, in the style of published rule collections: names and words with anything between,
    any case, alternatives, codes, anchors. Each names what it is about, as rules of different systems do."""
    rng = Random(seed)
    found: dict[str, str] = {}
    while len(found) < count:
        pattern, text = _rule(rng)
        found.setdefault(pattern, text)
    return list(found.items())


def _rule(rng: Random) -> Rule:
    name = rng.choice(NOUNS) + rng.choice(NOUNS) + rng.choice(PARTS)
    thing, verb, end, code = rng.choice(_THINGS), rng.choice(_VERBS), rng.choice(_ENDS), rng.choice(_CODES)
    forms: list[Rule] = [
        (f"{name}.*{thing}.*{end}", f"{name} 7 {thing} was {end}"),
        (f"(?i){verb} {name}", f"{verb.upper()} {name.lower()}"),
        (f"{thing} .*{verb} {name}|{name}: {end}", f"{name}: {end}"),
        (f"ERROR.*{name}.*{code}", f"ERROR in {name} 4: {code}"),
        (f"{code}.*{name}", f"{code} of a {name}"),
        (rf"{verb} {name} \d+ .*(after \d+ ?ms|{end})", f"{verb} {name} 12 again after 300 ms"),
        (f"(?i){name}.*({end}|{code})", f"{name.lower()} says {end}"),
        (rf"\[{name.lower()}-\d+\] .*{verb}", f"[{name.lower()}-3] worker {verb}"),
        (rf"{thing} [\w.-]+ {verb} .*{name}", f"{thing} a-7 {verb} the {name}"),
        (f'^.*{name} {thing} "[^"]+" {end}', f'at {name} {thing} "x" {end}'),
    ]
    return rng.choice(forms)


def signatures(found: list[Rule]) -> list[Signature]:
    """The rules as approved signatures."""
    return [
        Signature(KnowledgeObject(f"KO-{n:05d}", f"Rule {n}", f"{n}.md", status="approved", detection_pattern=pattern))
        for n, (pattern, _) in enumerate(found)
    ]


def write_documents(found: list[Rule], folder: Path) -> None:
    """The rules as Knowledge Objects in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (pattern, _) in enumerate(found):
        name, quoted = f"KO-{number:05d}", pattern.replace("'", "''")
        head = f"id: {name}\nproject: shop\ntitle: Rule {number}\nstatus: approved\ndetection_pattern: '{quoted}'\n"
        (folder / f"{name}.md").write_text(f"---\n{head}---\n# Rule {number}\n")


def write_log(path: Path, size: int, found: list[Rule], every: int = 10_000, seed: int = 5) -> int:
    """Mixed lines of so many bytes, one in `every` a hit of one of the rules; returns how many hits there are."""
    rng, written, hits, number = Random(seed), 0, 0, 0
    pool = [_line(rng) for _ in range(POOL)]
    with path.open("w", encoding="utf-8", buffering=1 << 20) as file:
        while written < size:
            number += 1
            hit = number % every == 0
            text = f"ERROR {rng.choice(found)[1]}" if hit else pool[rng.randrange(POOL)]
            written += file.write(f"{_stamp(number)} {text}\n")
            hits += hit
    return hits


def lines(count: int, found: list[Rule], every: int, seed: int = 5) -> Iterator[str]:
    """That many such lines, without their times."""
    rng = Random(seed)
    for number in range(count):
        yield f"ERROR {rng.choice(found)[1]}" if number % every == 0 else _line(rng)


def _stamp(number: int) -> str:
    seconds, left = divmod(number, LINES_PER_SECOND)
    day, second = divmod(seconds, 86_400)
    return f"2026-02-{1 + day:02d}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.{left * 25:03d}Z"


def _line(rng: Random) -> str:
    def words(count: int) -> str:
        return " ".join(rng.choice(_WORDS) for _ in range(count))

    forms: list[Callable[[], str]] = [
        lambda: f"ip-10-0-{rng.randrange(9)}-{rng.randrange(99)} sshd[{rng.randrange(30000)}]: {words(10)} port 22",
        lambda: (
            f"INFO  [http-nio-{rng.randrange(200)}] c.s.shop.OrderController - {words(14)} id={rng.getrandbits(64):x}"
        ),
        lambda: f'{{"level":"info","logger":"api","msg":"{words(12)}","trace":"{rng.getrandbits(128):032x}"}}',
        lambda: (
            f'10.{rng.randrange(256)}.{rng.randrange(256)}.7 - - "GET /api/v1/orders/{rng.randrange(10**7)} HTTP/1.1" '
            f'{rng.choice([200, 200, 304, 404])} {rng.randrange(90000)} "-" "Mozilla/5.0 (X11; Linux x86_64)"'
        ),
        lambda: f"WARN  PaymentClientPool retry {rng.randrange(5)} after {rng.randrange(900)} ms: {words(10)}",
        lambda: f"DEBUG kafka.server.ReplicaManager [partition orders-{rng.randrange(64)}] {words(14)}",
    ]
    return rng.choice(forms)()

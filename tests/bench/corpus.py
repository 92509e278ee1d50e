"""Signatures and log groups as a large company might have them, made up reproducibly."""

from random import Random

from sigwatch.model.knowledge import KnowledgeObject, Signature
from sigwatch.model.logs import LogGroup

NOUNS = [
    "Payment",
    "Order",
    "Cart",
    "Invoice",
    "Ledger",
    "Session",
    "Token",
    "Tenant",
    "Shipment",
    "Stock",
    "Price",
    "Catalog",
    "Search",
    "Profile",
    "Mail",
    "Sms",
    "Quota",
    "Billing",
    "Refund",
    "Voucher",
    "Address",
    "Import",
    "Export",
    "Report",
    "Ticket",
    "Audit",
    "Cache",
    "Queue",
    "Stream",
    "Lock",
    "Schema",
    "Index",
    "Upload",
    "Image",
]
PARTS = [
    "Service",
    "Client",
    "Gateway",
    "Worker",
    "Handler",
    "Repository",
    "Adapter",
    "Manager",
    "Pool",
    "Loader",
    "Router",
    "Consumer",
    "Writer",
]
_ENDS = [
    "Error",
    "Exception",
    "Timeout",
    "Failure",
    "Fault",
    "Violation",
    "Refused",
    "Exhausted",
    "Unavailable",
    "Mismatch",
]
_REASONS = (
    r"could not acquire connection within \d+ms",
    r"no such table: [a-z_]+",
    r"rate exceeded for tenant [0-9a-f]{8}",
    r"certificate (has expired|is not yet valid)",
    r"Unable to import module '[\w.]+'",
    r"duplicate key value violates unique constraint",
    r"read timed out after \d+ seconds",
    r"unexpected status (502|503|504) from upstream",
    r"permission denied for relation \w+",
    r"deadlock detected while updating row \d+",
)


def signatures(count: int, seed: int = 7) -> list[Signature]:
    """That many approved signatures with patterns of about 35 to 70 characters."""
    rng = Random(seed)
    return [_signature(number, _pattern(rng, number)) for number in range(count)]


def _pattern(rng: Random, number: int) -> str:
    name = rng.choice(NOUNS) + rng.choice(NOUNS) + rng.choice(PARTS) + rng.choice(_ENDS)
    form = number % 5
    if form == 0:
        return f"{name}: {rng.choice(_REASONS)}"
    if form == 1:
        return rf"{name}.*code=E{rng.randrange(10_000, 99_999)}"
    if form == 2:
        return rf"(?i){name.lower()} .*{rng.choice(_REASONS)}"
    if form == 3:
        return rf"\[{rng.choice(NOUNS).lower()}-{rng.choice(PARTS).lower()}\] {name}"
    return rf"at com\.shop\.{rng.choice(NOUNS).lower()}\.{name}\.\w+\({name}\.java:\d+\)"


def _signature(number: int, pattern: str) -> Signature:
    name = f"KO-{number:05d}"
    return Signature(
        KnowledgeObject(
            id=name,
            title=name,
            path=f"knowledge/{name}.md",
            project="shop",
            status="approved",
            detection_pattern=pattern,
        )
    )


def log_groups(count: int, gigabytes_per_day: float) -> list[LogGroup]:
    """That many log groups, each a day old, which together take that much a day."""
    share = int(gigabytes_per_day * 1024**3 / count)
    return [
        LogGroup("111122223333", "us-east-1", f"/aws/lambda/shop-{n:04d}", stored_bytes=share) for n in range(count)
    ]

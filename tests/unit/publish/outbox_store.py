"""The outbox part of a Store in memory, as its docstrings promise it."""

from dataclasses import dataclass, field, replace

from sigwatch.model.incident import Alert, Delivery, Kind, Progress

Key = tuple[str, str]


@dataclass
class OutboxStore:
    """Rows by incident and target."""

    rows: dict[Key, Delivery] = field(default_factory=dict)

    def row(self, incident: str = "inc-1", target: str = "slack") -> Delivery:
        return self.rows[incident, target]

    def put(self, *deliveries: Delivery) -> None:
        self.rows.update({(row.incident, row.target): row for row in deliveries})

    def enqueue(self, target: str, destination: str, kind: Kind, alert: Alert) -> None:
        old = self.rows.get((alert.incident.id, target))
        if old is None:
            self.put(Delivery(alert.incident.id, target, destination, kind, alert, revision=1))
        else:
            self.put(replace(old, kind=kind, alert=alert, revision=old.revision + 1))

    def due(self, now_ms: int, settle_ms: int) -> list[Delivery]:
        return [
            row
            for row in self.rows.values()
            if row.delivered < row.revision
            and row.due_ms <= now_ms
            and (not row.claim or row.claimed_until_ms + settle_ms <= now_ms)
        ]

    def claim(self, delivery: Delivery, nonce: str, now_ms: int, until_ms: int) -> Delivery | None:
        row = self.rows[delivery.incident, delivery.target]
        if row.claim != delivery.claim or row.delivered >= row.revision:
            return None
        stamp = row.first_attempt_ms or (0 if row.ref else now_ms)
        taken = replace(
            row,
            claim=nonce,
            claimed_until_ms=until_ms,
            progress=Progress.CLAIMED,
            attempts=row.attempts + 1,
            first_attempt_ms=stamp,
        )
        self.put(taken)
        return taken

    def settle(self, delivery: Delivery) -> bool:
        row = self.rows[delivery.incident, delivery.target]
        if row.claim != delivery.claim:
            return False
        newest = {"kind": row.kind, "alert": row.alert, "revision": row.revision}
        self.put(replace(delivery, claim="", claimed_until_ms=0, **newest))  # type: ignore[arg-type]  # as they were
        return True

    def outbox(self, now_ms: int) -> tuple[int, float]:
        behind = [row for row in self.rows.values() if row.delivered < row.revision]
        return len(behind), 0.0

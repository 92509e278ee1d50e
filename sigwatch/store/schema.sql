CREATE TABLE IF NOT EXISTS facts (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS coverage (
  pass TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, log_group TEXT NOT NULL,
  start INTEGER NOT NULL, "end" INTEGER NOT NULL,
  PRIMARY KEY (pass, account, region, log_group, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS watched (log_group TEXT NOT NULL PRIMARY KEY, digest TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS watch_sets (digest TEXT NOT NULL PRIMARY KEY, entries TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS lookbacks (
  id TEXT NOT NULL PRIMARY KEY, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
  log_groups TEXT NOT NULL, signatures TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS queries (
  marker TEXT NOT NULL PRIMARY KEY, query TEXT NOT NULL, lane TEXT NOT NULL, pass TEXT NOT NULL,
  start INTEGER NOT NULL, "end" INTEGER NOT NULL, log_groups TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS spending (
  day TEXT NOT NULL, scope TEXT NOT NULL, pass TEXT NOT NULL,
  bytes INTEGER NOT NULL, dollars REAL NOT NULL, queries INTEGER NOT NULL,
  PRIMARY KEY (day, scope, pass)
) STRICT, WITHOUT ROWID;

-- Time goes first: hits of one window lie on few pages that way. Identities are digests, and would touch a page each.
CREATE TABLE IF NOT EXISTS hits (
  ts_ms INTEGER NOT NULL, identity TEXT NOT NULL, signature TEXT NOT NULL, PRIMARY KEY (ts_ms, identity)
) STRICT, WITHOUT ROWID;

-- What a search of the past found, in the order in which it is told: of events at one time, hits go before ends.
CREATE TABLE IF NOT EXISTS findings (
  signature TEXT NOT NULL, grouping TEXT NOT NULL, ts_ms INTEGER NOT NULL, companion TEXT NOT NULL,
  identity TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, log_group TEXT NOT NULL, stream TEXT NOT NULL,
  ingested_ms INTEGER NOT NULL, message TEXT NOT NULL,
  PRIMARY KEY (signature, grouping, ts_ms, companion, identity)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS incidents (
  id TEXT NOT NULL PRIMARY KEY, signature TEXT NOT NULL, grouping TEXT NOT NULL,
  occurrence INTEGER NOT NULL, state TEXT NOT NULL, first_seen_ms INTEGER NOT NULL, body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- The newest is that with the newest hit, whatever its number: an older one may be found, and recorded, after it.
DROP INDEX IF EXISTS incidents_by_group;
CREATE INDEX IF NOT EXISTS incidents_by_last_hit ON incidents (signature, grouping, body ->> 'last_seen_ms');
CREATE INDEX IF NOT EXISTS incidents_by_state ON incidents (state);

CREATE TABLE IF NOT EXISTS silences (
  id TEXT NOT NULL PRIMARY KEY, ends_ms INTEGER NOT NULL, body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS silences_by_end ON silences (ends_ms);

-- What the audit trail last knew of each signature.
CREATE TABLE IF NOT EXISTS known (
  signature TEXT NOT NULL PRIMARY KEY, status TEXT NOT NULL, hash TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS outbox (
  id TEXT NOT NULL, target TEXT NOT NULL, destination TEXT NOT NULL,
  kind TEXT NOT NULL, form TEXT NOT NULL, content TEXT NOT NULL,
  incident TEXT NOT NULL, urgency INTEGER NOT NULL,
  thread TEXT NOT NULL DEFAULT '', digest TEXT NOT NULL DEFAULT '',
  revision INTEGER NOT NULL DEFAULT 1, delivered INTEGER NOT NULL DEFAULT 0,
  progress TEXT NOT NULL DEFAULT 'waiting', ref TEXT NOT NULL DEFAULT '',
  attempts INTEGER NOT NULL DEFAULT 0, due_ms INTEGER NOT NULL DEFAULT 0,
  claim TEXT NOT NULL DEFAULT '', claimed_until_ms INTEGER NOT NULL DEFAULT 0,
  first_attempt_ms INTEGER NOT NULL DEFAULT 0,
  behind_since_ms INTEGER NOT NULL,
  posted_ms INTEGER NOT NULL DEFAULT 0, refresh_ms INTEGER NOT NULL DEFAULT 0,
  stand_in INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (id, target)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS outbox_behind ON outbox (due_ms) WHERE delivered < revision AND digest = '';
CREATE INDEX IF NOT EXISTS outbox_refresh ON outbox (refresh_ms) WHERE refresh_ms > 0;
CREATE INDEX IF NOT EXISTS outbox_by_incident ON outbox (incident);
CREATE INDEX IF NOT EXISTS outbox_by_digest ON outbox (digest) WHERE digest != '';
CREATE INDEX IF NOT EXISTS outbox_by_thread ON outbox (thread) WHERE thread != '';
CREATE INDEX IF NOT EXISTS outbox_untold ON outbox (behind_since_ms)
  WHERE form = 'alert' AND ref = '' AND stand_in = 0 AND delivered = 0;
CREATE INDEX IF NOT EXISTS outbox_posted ON outbox (target, destination, posted_ms);

-- When the next message may go to a destination, and the next edit to a target.
CREATE TABLE IF NOT EXISTS lanes (
  target TEXT NOT NULL, lane TEXT NOT NULL, next_ms INTEGER NOT NULL, PRIMARY KEY (target, lane)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS audit (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
  subject TEXT NOT NULL, signature TEXT NOT NULL, project TEXT NOT NULL, detail TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS audit_by_time ON audit (at_ms);
CREATE INDEX IF NOT EXISTS audit_by_subject ON audit (subject);
CREATE TRIGGER IF NOT EXISTS audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is only added to'); END;
CREATE TRIGGER IF NOT EXISTS audit_is_kept BEFORE DELETE ON audit
WHEN OLD.at_ms >= (SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM facts WHERE name = 'audit_kept_from')
BEGIN SELECT RAISE(ABORT, 'the audit trail is kept for as long as the configuration says'); END;

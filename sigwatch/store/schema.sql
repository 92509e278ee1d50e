CREATE TABLE IF NOT EXISTS cursors (
  pass TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, log_group TEXT NOT NULL,
  second INTEGER NOT NULL,
  PRIMARY KEY (pass, account, region, log_group)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS hits (
  identity TEXT NOT NULL PRIMARY KEY, signature TEXT NOT NULL, ts_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS hits_by_time ON hits (ts_ms);

CREATE TABLE IF NOT EXISTS incidents (
  id TEXT NOT NULL PRIMARY KEY, signature TEXT NOT NULL, grouping TEXT NOT NULL,
  occurrence INTEGER NOT NULL, state TEXT NOT NULL, first_seen_ms INTEGER NOT NULL, body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS incidents_by_group ON incidents (signature, grouping, occurrence);
CREATE INDEX IF NOT EXISTS incidents_by_state ON incidents (state);

CREATE TABLE IF NOT EXISTS outbox (
  incident TEXT NOT NULL, target TEXT NOT NULL, destination TEXT NOT NULL,
  kind TEXT NOT NULL, alert TEXT NOT NULL,
  revision INTEGER NOT NULL DEFAULT 1, delivered INTEGER NOT NULL DEFAULT 0,
  progress TEXT NOT NULL DEFAULT 'waiting', ref TEXT NOT NULL DEFAULT '',
  attempts INTEGER NOT NULL DEFAULT 0, due_ms INTEGER NOT NULL DEFAULT 0,
  claim TEXT NOT NULL DEFAULT '', claimed_until_ms INTEGER NOT NULL DEFAULT 0,
  first_attempt_ms INTEGER NOT NULL DEFAULT 0,
  behind_since_ms INTEGER NOT NULL,
  PRIMARY KEY (incident, target)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS outbox_behind ON outbox (due_ms) WHERE delivered < revision;

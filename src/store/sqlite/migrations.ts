import type { Migration } from '../migrations.ts';

/** The schema, step by step. Times are milliseconds since 1970. A step that was released never changes. */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    minReader: 1,
    sql: `
CREATE TABLE schema_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  version INTEGER NOT NULL,
  min_reader INTEGER NOT NULL
) STRICT;

-- Counts changes of sessions and keys. Writers take turns, so that a reader who saw a number saw all below it.
CREATE TABLE change_counter (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  value INTEGER NOT NULL
) STRICT;
INSERT INTO change_counter VALUES (1, 0);

CREATE TABLE replicas (
  id TEXT PRIMARY KEY,
  lease_ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX replicas_by_lease ON replicas (lease_ends_at);

-- Ids are never used twice: a mailbox's owner names letters by them after they were deleted.
CREATE TABLE letters (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  recipient TEXT NOT NULL,
  body BLOB NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX letters_by_recipient ON letters (recipient, id);
CREATE INDEX letters_by_expiry ON letters (expires_at);

CREATE TABLE sessions (
  key TEXT PRIMARY KEY,
  ended INTEGER NOT NULL,
  log_level TEXT,
  subscriptions TEXT NOT NULL,
  stream_holder TEXT,
  extra BLOB,
  changed INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_change ON sessions (changed);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE streams (
  id INTEGER PRIMARY KEY,
  session TEXT NOT NULL,
  stream TEXT NOT NULL,
  holder TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  requests TEXT NOT NULL,
  last INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  ended INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  work BLOB,
  UNIQUE (session, stream)
) STRICT;
CREATE INDEX streams_by_bytes ON streams (bytes) WHERE bytes > 0;
CREATE INDEX streams_by_holder ON streams (holder) WHERE ended = 0;
CREATE INDEX streams_by_expiry ON streams (expires_at);

CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  stream_id INTEGER NOT NULL REFERENCES streams (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  data BLOB NOT NULL,
  UNIQUE (stream_id, number)
) STRICT;
CREATE INDEX events_by_expiry ON events (expires_at);

CREATE TABLE answers (
  id INTEGER PRIMARY KEY,
  stream_id INTEGER NOT NULL REFERENCES streams (id) ON DELETE CASCADE,
  question TEXT NOT NULL,
  body BLOB NOT NULL,
  UNIQUE (stream_id, question)
) STRICT;

CREATE TABLE parked (
  id TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  answers TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  body BLOB NOT NULL
) STRICT;
CREATE INDEX parked_by_expiry ON parked (expires_at);

CREATE TABLE owners (
  thing TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  note BLOB
) STRICT;
CREATE INDEX owners_by_holder ON owners (holder);

CREATE TABLE keys (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  hash BLOB NOT NULL,
  servers TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER,
  changed INTEGER
) STRICT;
CREATE UNIQUE INDEX keys_by_name ON keys (name) WHERE revoked_at IS NULL;
CREATE INDEX keys_by_change ON keys (changed) WHERE changed IS NOT NULL;
`,
  },
  {
    version: 2,
    minReader: 1,
    sql: `
CREATE TABLE tasks (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  server TEXT NOT NULL,
  upstream TEXT NOT NULL,
  tool TEXT NOT NULL,
  state TEXT NOT NULL,
  holder TEXT,
  epoch INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  due_at INTEGER,
  wake_at INTEGER,
  deadline_at INTEGER NOT NULL,
  ended_at INTEGER,
  expires_at INTEGER NOT NULL,
  body BLOB,
  outcome BLOB
) STRICT;
CREATE INDEX tasks_by_owner ON tasks (owner, created_at, id, expires_at);
CREATE INDEX tasks_by_state ON tasks (state, created_at, id, upstream, expires_at);
CREATE INDEX tasks_by_age ON tasks (created_at, id);
CREATE INDEX tasks_by_wake ON tasks (wake_at) WHERE holder IS NULL AND wake_at IS NOT NULL;
CREATE INDEX tasks_by_holder ON tasks (holder, wake_at) WHERE holder IS NOT NULL;
CREATE INDEX tasks_by_expiry ON tasks (expires_at);

CREATE TABLE task_answers (
  number INTEGER PRIMARY KEY,
  task TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  body BLOB NOT NULL,
  UNIQUE (task, key)
) STRICT;
`,
  },
  {
    version: 3,
    minReader: 1,
    sql: `
CREATE TABLE approvals (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  upstream TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  thing TEXT NOT NULL,
  state TEXT NOT NULL,
  seen_at INTEGER NOT NULL,
  decided_at INTEGER,
  decided_by TEXT,
  findings TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX approvals_by_upstream ON approvals (upstream, number);
CREATE INDEX approvals_by_upstream_and_state ON approvals (upstream, state, number);
CREATE INDEX approvals_by_state ON approvals (state, number);
CREATE INDEX approvals_by_thing ON approvals (thing, state);

-- One row for each upstream of which something was ever approved or rejected.
CREATE TABLE approval_changes (
  upstream TEXT PRIMARY KEY,
  changed INTEGER NOT NULL
) STRICT;
`,
  },
];

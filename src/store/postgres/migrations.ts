import type { Migration } from '../migrations.ts';

/**
 * The schema, step by step. Times are milliseconds since 1970. Nothing here is more than distributed databases that
 * speak PostgreSQL's protocol offer, and every table's key begins with what it would be spread over machines by.
 * Statements end with a semicolon at the end of a line; each can be run again, since they run one by one: not every
 * such database changes its schema within a transaction. A step that was released never changes.
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    minReader: 1,
    sql: `
CREATE TABLE IF NOT EXISTS gateward_replicas (
  id text PRIMARY KEY,
  lease_ends_at bigint NOT NULL,
  deaths bigint NOT NULL
);

CREATE TABLE IF NOT EXISTS gateward_letters (
  recipient text NOT NULL,
  id text NOT NULL,
  came bigint NOT NULL,
  expires_at bigint NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (recipient, id)
);
CREATE INDEX IF NOT EXISTS gateward_letters_by_expiry ON gateward_letters (expires_at);

CREATE TABLE IF NOT EXISTS gateward_sessions (
  key text PRIMARY KEY,
  ended boolean NOT NULL,
  log_level text,
  subscriptions text[] NOT NULL,
  stream_holder text,
  extra bytea,
  changed_at bigint NOT NULL,
  expires_at bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS gateward_sessions_by_change ON gateward_sessions (changed_at);
CREATE INDEX IF NOT EXISTS gateward_sessions_by_expiry ON gateward_sessions (expires_at);

CREATE TABLE IF NOT EXISTS gateward_streams (
  session text NOT NULL,
  stream text NOT NULL,
  came bigint NOT NULL,
  holder text NOT NULL,
  epoch bigint NOT NULL,
  requests text[] NOT NULL,
  last bigint NOT NULL,
  bytes bigint NOT NULL,
  ended boolean NOT NULL,
  expires_at bigint NOT NULL,
  work bytea,
  PRIMARY KEY (session, stream)
);
CREATE INDEX IF NOT EXISTS gateward_streams_by_holder ON gateward_streams (holder) WHERE NOT ended;
CREATE INDEX IF NOT EXISTS gateward_streams_by_expiry ON gateward_streams (expires_at);

CREATE TABLE IF NOT EXISTS gateward_events (
  session text NOT NULL,
  stream text NOT NULL,
  number bigint NOT NULL,
  expires_at bigint NOT NULL,
  data bytea NOT NULL,
  PRIMARY KEY (session, stream, number)
);
CREATE INDEX IF NOT EXISTS gateward_events_by_expiry ON gateward_events (expires_at);

CREATE TABLE IF NOT EXISTS gateward_answers (
  session text NOT NULL,
  stream text NOT NULL,
  question text NOT NULL,
  came bigint NOT NULL,
  expires_at bigint NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (session, stream, question)
);
CREATE INDEX IF NOT EXISTS gateward_answers_by_expiry ON gateward_answers (expires_at);

CREATE TABLE IF NOT EXISTS gateward_parked (
  id text PRIMARY KEY,
  holder text NOT NULL,
  epoch bigint NOT NULL,
  answers text NOT NULL,
  expires_at bigint NOT NULL,
  body bytea NOT NULL
);
CREATE INDEX IF NOT EXISTS gateward_parked_by_expiry ON gateward_parked (expires_at);

CREATE TABLE IF NOT EXISTS gateward_owners (
  thing text PRIMARY KEY,
  holder text NOT NULL,
  epoch bigint NOT NULL,
  note bytea
);

CREATE TABLE IF NOT EXISTS gateward_keys (
  id text PRIMARY KEY,
  name text NOT NULL,
  hash bytea NOT NULL,
  servers text[],
  came bigint NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint,
  revoked_at bigint
);
CREATE UNIQUE INDEX IF NOT EXISTS gateward_keys_by_name ON gateward_keys (name) WHERE revoked_at IS NULL;
CREATE INDEX IF NOT EXISTS gateward_keys_by_revocation ON gateward_keys (revoked_at);
`,
  },
  {
    version: 2,
    minReader: 1,
    sql: `
CREATE TABLE IF NOT EXISTS gateward_tasks (
  id text PRIMARY KEY,
  owner text NOT NULL,
  server text NOT NULL,
  upstream text NOT NULL,
  tool text NOT NULL,
  state text NOT NULL,
  holder text,
  claimed text,
  epoch bigint NOT NULL,
  attempts bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  due_at bigint,
  wake_at bigint,
  deadline_at bigint NOT NULL,
  ended_at bigint,
  expires_at bigint NOT NULL,
  body bytea,
  outcome bytea
);
CREATE INDEX IF NOT EXISTS gateward_tasks_by_owner ON gateward_tasks (owner, created_at, id, expires_at);
CREATE INDEX IF NOT EXISTS gateward_tasks_by_state ON gateward_tasks (state, created_at, id, upstream, expires_at);
CREATE INDEX IF NOT EXISTS gateward_tasks_by_age ON gateward_tasks (created_at, id);
CREATE INDEX IF NOT EXISTS gateward_tasks_by_wake ON gateward_tasks (wake_at)
  WHERE holder IS NULL AND wake_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS gateward_tasks_by_holder ON gateward_tasks (holder, wake_at) WHERE holder IS NOT NULL;
CREATE INDEX IF NOT EXISTS gateward_tasks_by_expiry ON gateward_tasks (expires_at);

CREATE TABLE IF NOT EXISTS gateward_task_answers (
  task text NOT NULL,
  key text NOT NULL,
  came bigint NOT NULL,
  expires_at bigint NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (task, key)
);
CREATE INDEX IF NOT EXISTS gateward_task_answers_by_expiry ON gateward_task_answers (expires_at);
`,
  },
  {
    version: 3,
    minReader: 1,
    sql: `
CREATE TABLE IF NOT EXISTS gateward_approvals (
  upstream text NOT NULL,
  id text NOT NULL,
  kind text NOT NULL,
  name text NOT NULL,
  digest text NOT NULL,
  thing text NOT NULL,
  state text NOT NULL,
  came bigint NOT NULL,
  seen_at bigint NOT NULL,
  decided_at bigint,
  decided_by text,
  findings text NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (upstream, id)
);
CREATE INDEX IF NOT EXISTS gateward_approvals_by_id ON gateward_approvals (id);
CREATE INDEX IF NOT EXISTS gateward_approvals_by_age ON gateward_approvals (came, id);
CREATE INDEX IF NOT EXISTS gateward_approvals_by_upstream ON gateward_approvals (upstream, state, came, id);
CREATE INDEX IF NOT EXISTS gateward_approvals_by_state ON gateward_approvals (state, came, id);
CREATE INDEX IF NOT EXISTS gateward_approvals_by_thing ON gateward_approvals (upstream, thing, state);

CREATE TABLE IF NOT EXISTS gateward_approval_changes (
  upstream text PRIMARY KEY,
  changed_at bigint NOT NULL
);
`,
  },
];

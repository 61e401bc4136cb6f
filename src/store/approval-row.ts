import {
  APPROVAL_KINDS,
  APPROVAL_STATES,
  type ApprovalFilter,
  type ApprovalKey,
  type ApprovalMark,
  type ApprovalRow,
  type ApprovalState,
} from './approval-table.ts';
import { numberIn, optionalNumberIn, optionalTextIn, type Row, textIn, unexpected } from './row.ts';

/** The columns of a mark. Both databases name them alike. */
export const MARK_COLUMNS = 'id, upstream, kind, name, digest, state';
/** The columns of a row. */
export const APPROVAL_COLUMNS = `${MARK_COLUMNS}, seen_at, decided_at, decided_by, findings, body`;

/** A name as its column holds it: as JSON, since upstreams choose it, and databases have no text for some characters. */
export function nameColumn(name: string): string {
  return JSON.stringify(name);
}

/** A mark. */
export function markIn(row: Row): ApprovalMark {
  const name: unknown = JSON.parse(textIn(row, 'name'));
  return {
    id: textIn(row, 'id'),
    upstream: textIn(row, 'upstream'),
    kind: APPROVAL_KINDS.find((kind) => kind === row['kind']) ?? unexpected('kind'),
    name: typeof name === 'string' ? name : unexpected('name'),
    digest: textIn(row, 'digest'),
    state: APPROVAL_STATES.find((state) => state === row['state']) ?? unexpected('state'),
  };
}

/** A whole row. */
export function approvalIn(row: Row): ApprovalRow {
  return {
    ...markIn(row),
    body: textIn(row, 'body'),
    findings: textIn(row, 'findings'),
    seenAt: numberIn(row, 'seen_at'),
    decidedAt: optionalNumberIn(row, 'decided_at'),
    decidedBy: optionalTextIn(row, 'decided_by'),
  };
}

/** Of a pending thing what stands in place of what was found in it, where its text is not kept. */
export const NOT_KEPT = JSON.stringify([
  {
    rule: 'text-not-kept',
    at: '',
    reason:
      'So much of this upstream waits that the text is not kept. Its digest covers the whole. What the upstream offers now shows gateward scan.',
    dangerous: true,
  },
]);
/** In SQL: what stands in place of its text. */
export const NOT_KEPT_BODY = `'{"bytes":' || octet_length(body) || ',"notKept":true}'`;
/** In SQL: bytes of what a row holds. Neither database reads the texts for it. */
export const HELD_BYTES = 'octet_length(body) + octet_length(findings)';
/** Bytes of a row whose text is not kept, and of rows that would not be smaller without theirs. */
export const LEAST_BYTES = NOT_KEPT.length + 40;
/** In SQL: what upstreams choose, and may make as much of as they like. The others are made by the operator's file. */
export const CHOSEN_BY_UPSTREAM = "kind NOT IN ('launch', 'identity')";

/** What a mark says of a thing. One that bears the same id by chance or by art says nothing: the thing waits. */
export function stateOf(key: ApprovalKey, mark: ApprovalMark | undefined): ApprovalState {
  const isSame =
    mark !== undefined &&
    mark.upstream === key.upstream &&
    mark.kind === key.kind &&
    mark.name === key.name &&
    mark.digest === key.digest;
  return isSame ? mark.state : 'pending';
}

/** The conditions of a list, in SQL. */
export interface ApprovalConditions {
  /** The same for filters of the same kind: what a statement is known by. */
  readonly name: string;
  /** To be joined by AND. */
  readonly parts: readonly string[];
  /** What they take, in order. */
  readonly values: readonly string[];
}

const FILTERED = ['upstream', 'kind', 'name', 'state'] as const;

/** Turns a filter into SQL. `parameter` gives the placeholder of the n-th value, from 1. */
export function conditionsOf(filter: ApprovalFilter, parameter: (n: number) => string): ApprovalConditions {
  const named = FILTERED.filter((column) => filter[column] !== undefined);
  return {
    name: named.map((column) => `_${column}`).join(''),
    parts: named.map((column, n) => `${column} = ${parameter(n + 1)}`),
    values: named.map((column) =>
      column === 'name' ? nameColumn(filter.name ?? '') : (filter[column] ?? ''),
    ),
  };
}

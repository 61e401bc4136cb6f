import type { ApprovalRow } from '../../store/approval-table.ts';
import { diffJson } from './diff-json.ts';
import type { ApprovalDetails, ApprovalFinding, ApprovalSummary } from './operations.ts';
import { showLaunchBody } from './show-launch-body.ts';

/** What an operator sees of a row. */
export function summarize(row: ApprovalRow): ApprovalSummary {
  const { id, upstream, kind, name, digest, state, decidedBy } = row;
  const findings = readFindings(row.findings);
  const dangerous = findings.some(({ grave }) => grave);
  return {
    ...{ id, upstream, kind, name, digest, state, dangerous, findings, decidedBy },
    seenAt: timeOf(row.seenAt),
    decidedAt: row.decidedAt === undefined ? undefined : timeOf(row.decidedAt),
  };
}

/** All that an operator sees of a row, against what of the same name was approved last. */
export function describe(row: ApprovalRow, approved: ApprovalRow | undefined): ApprovalDetails {
  const before = approved?.id === row.id ? undefined : approved;
  return {
    ...summarize(row),
    body: row.body,
    launch: row.kind === 'launch' ? showLaunchBody(row.body) : undefined,
    approved: before && {
      id: before.id,
      digest: before.digest,
      decidedAt: before.decidedAt === undefined ? undefined : timeOf(before.decidedAt),
      decidedBy: before.decidedBy,
    },
    differences: diffJson(before?.body, row.body),
  };
}

/** Launches say `dangerous` and `at`, scans say `severity` and `path`. */
function readFindings(text: string): readonly ApprovalFinding[] {
  const found: unknown = JSON.parse(text);
  return Array.isArray(found) ? found.map(readFinding) : [];
}

function readFinding(finding: unknown): ApprovalFinding {
  const fields: Readonly<Record<string, unknown>> = isObject(finding) ? { ...finding } : {};
  const { rule, reason, at, path, severity, dangerous } = fields;
  return {
    rule: textOf(rule),
    at: textOf(at) || textOf(path),
    reason: textOf(reason),
    grave: dangerous === true || severity === 'block',
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

import type { Item } from '../../inspector.ts';
import type { Log } from '../../lib/log.ts';
import { type ApprovalKind, type ApprovalState, approvalId, type Seen } from '../../store/approval-table.ts';
import type { ApprovalBook } from '../approvals/approval-book.ts';
import { digestBody, digestDefinition } from './digest-definition.ts';
import type { DefinitionFinding } from './known-definitions.ts';

/** Something that was never seen before. */
export interface Newcomer {
  readonly item: Item;
  readonly digest: string;
  readonly findings: readonly DefinitionFinding[];
  /** It needs nobody's word. */
  readonly isTrusted: boolean;
  /** Something else of its name is approved. */
  readonly isChange: boolean;
}

/** Newcomers of one kind at one upstream. */
export interface Newcomers {
  readonly upstream: string;
  readonly kind: ApprovalKind;
  readonly newcomers: readonly Newcomer[];
  /** This is what the upstream offers at first, and it is to be remembered that it was seen, even if it is nothing. */
  readonly isFirstSight: boolean;
}

/** What noting needs. */
export interface NotingParts {
  readonly book: Pick<ApprovalBook, 'see'>;
  readonly log: Log;
}

const FIRST_SIGHT = 'first sight';
/** Rows that are written at a time. */
const BATCH = 500;
/** What is said of one list in the log; the rest is counted. */
const MAX_LINES = 100;
/** A list of nothing, as a row remembers it. */
const NOTHING = 'null';

/**
 * Notes newcomers in the book, and says in the log once which of them wait. Gives the state of each; undefined where
 * the store could not be reached. Never rejects.
 */
export async function noteNewcomers(
  { book, log }: NotingParts,
  news: Newcomers,
): Promise<readonly (ApprovalState | undefined)[]> {
  const { upstream, kind, newcomers, isFirstSight } = news;
  const rows = newcomers.map((newcomer) => rowOf(news, newcomer));
  if (isFirstSight && !newcomers.some(({ isTrusted }) => isTrusted)) rows.push(emptyRow(news));
  const states: (ApprovalState | undefined)[] = [];
  try {
    for (let from = 0; from < rows.length; from += BATCH) {
      states.push(...(await book.see(rows.slice(from, from + BATCH))));
    }
  } catch (thrown) {
    log.warn('what an upstream offers could not be noted', { upstream, kind, thrown });
    return newcomers.map((_, index) => states[index]);
  }
  tell(log, news, states);
  return states.slice(0, newcomers.length);
}

function rowOf({ upstream, kind }: Newcomers, { item, digest, findings, isTrusted }: Newcomer): Seen {
  return {
    upstream,
    kind,
    name: item.name,
    digest,
    body: digestDefinition(item.text).body,
    findings: JSON.stringify(findings),
    state: isTrusted ? 'approved' : 'pending',
    decidedBy: isTrusted ? FIRST_SIGHT : undefined,
  };
}

function emptyRow({ upstream, kind }: Newcomers): Seen {
  return {
    upstream,
    kind,
    name: '',
    digest: digestBody(NOTHING),
    body: NOTHING,
    findings: '[]',
    state: 'approved',
    decidedBy: FIRST_SIGHT,
  };
}

/** Never the text: it may be written for whoever reads logs. */
function tell(log: Log, { upstream, kind, newcomers }: Newcomers, states: readonly unknown[]): void {
  const waiting = newcomers.filter((_, index) => states[index] === 'pending');
  for (const { item, digest, findings, isChange } of waiting.slice(0, MAX_LINES)) {
    const { name } = item;
    const id = approvalId({ upstream, kind, name, digest });
    const rules = [...new Set(findings.map(({ rule }) => rule))];
    const what = isChange ? 'changed' : 'is new';
    log.warn(`something that an upstream offers ${what}, and nobody approved it`, {
      upstream,
      kind,
      name,
      id,
      ...(rules.length > 0 && { rules }),
    });
  }
  if (waiting.length > MAX_LINES) {
    log.warn('more of what an upstream offers is not approved', { upstream, kind, count: waiting.length });
  }
  const trusted = newcomers.filter(({ isTrusted }, index) => isTrusted && states[index] === 'approved');
  if (trusted.length > 0) {
    log.info('what an upstream offers at first is taken as approved', {
      upstream,
      kind,
      count: trusted.length,
    });
  }
}

import type { ApprovalFilter, ApprovalKey, ApprovalState } from '../../store/approval-table.ts';
import type { Difference } from './diff-json.ts';

/** What was found in something when it was seen. */
export interface ApprovalFinding {
  /** Id of the rule. */
  readonly rule: string;
  /** Where: a path or the name of a part; empty for the whole. */
  readonly at: string;
  readonly reason: string;
  /** Whether it asks for more than a plain approval. */
  readonly grave: boolean;
}

/** What an operator sees of one thing that waits, or was decided. Times are ISO 8601. */
export interface ApprovalSummary extends ApprovalKey {
  readonly id: string;
  readonly state: ApprovalState;
  /** It hands over the machine, or a scan would block it: approving it takes a word more. */
  readonly dangerous: boolean;
  readonly findings: readonly ApprovalFinding[];
  readonly seenAt: string;
  readonly decidedAt: string | undefined;
  readonly decidedBy: string | undefined;
}

/** All that an operator sees of one thing. */
export interface ApprovalDetails extends ApprovalSummary {
  /** The text that is approved: canonical JSON. Secrets stand in it by reference. */
  readonly body: string;
  /** A launch as it would start, one argument a line; undefined for all else. */
  readonly launch: readonly string[] | undefined;
  /** What of the same name was approved last, and the differences are against; undefined for something new. */
  readonly approved: Pick<ApprovalSummary, 'id' | 'digest' | 'decidedAt' | 'decidedBy'> | undefined;
  /** In the order of their paths; all fields of something new. */
  readonly differences: readonly Difference[];
}

/** One page of a list, the oldest first. */
export interface ApprovalPage<Item> {
  readonly approvals: readonly Item[];
  /** Goes on with the next page; undefined on the last. */
  readonly next: string | undefined;
}

/** Where a page begins, and how long it is. */
export interface ApprovalPlace {
  readonly limit: number;
  /** Id of the last of the page before. */
  readonly after?: string | undefined;
}

/** A decision of an operator. */
export interface ApprovalDecision {
  readonly state: 'approved' | 'rejected';
  /** Who decides, for people. */
  readonly by: string;
  /** Whether they were told that it is dangerous, and agreed. */
  readonly isDangerAgreed: boolean;
}

/** What operators do with approvals. Throws STORE_UNAVAILABLE. */
export interface ApprovalOperations {
  /** Throws CURSOR_INVALID. */
  list(filter: ApprovalFilter, place: ApprovalPlace): Promise<ApprovalPage<ApprovalSummary>>;
  /** The same with all that there is to see. Throws CURSOR_INVALID. */
  compare(filter: ApprovalFilter, place: ApprovalPlace): Promise<ApprovalPage<ApprovalDetails>>;
  /** Throws APPROVAL_NOT_FOUND. */
  show(id: string): Promise<ApprovalDetails>;
  /** Decides all or none. Throws APPROVAL_NOT_FOUND, and NOT_CONFIRMED for what is dangerous. */
  decide(ids: readonly string[], decision: ApprovalDecision): Promise<readonly ApprovalSummary[]>;
}

import { createHash } from 'node:crypto';

/** What may need an approval: the start of a program, who an upstream is, what it says of itself, what it offers. */
export const APPROVAL_KINDS = [
  'launch',
  'identity',
  'instructions',
  'tools',
  'prompts',
  'resources',
  'templates',
] as const;

/** One of APPROVAL_KINDS. */
export type ApprovalKind = (typeof APPROVAL_KINDS)[number];

/** What may be said of a thing: `pending` waits for somebody to decide. */
export const APPROVAL_STATES = ['pending', 'approved', 'rejected'] as const;

/** One of APPROVAL_STATES. */
export type ApprovalState = (typeof APPROVAL_STATES)[number];

/** What may change: each of its states has a digest of its own. */
export interface ApprovalThing {
  readonly upstream: string;
  readonly kind: ApprovalKind;
  /** Name of the tool or prompt, URI of the resource or template; empty where an upstream has only one. */
  readonly name: string;
}

/** One exact thing that was seen. Several digests of one name may be approved, since lists may differ by caller. */
export interface ApprovalKey extends ApprovalThing {
  /** `sha256:` and 64 hex digits. */
  readonly digest: string;
}

/** What is known of one exact thing, without its text. */
export interface ApprovalMark extends ApprovalKey {
  /** `approvalId` of the key. */
  readonly id: string;
  readonly state: ApprovalState;
}

/** One row. */
export interface ApprovalRow extends ApprovalMark {
  /** Canonical JSON of what was seen. Holds no secrets. */
  readonly body: string;
  /** What a scan found in it: a JSON array; `[]` for nothing. */
  readonly findings: string;
  /** Milliseconds since 1970, by the store's clock, as `decidedAt`. */
  readonly seenAt: number;
  /** Undefined while it is pending. */
  readonly decidedAt: number | undefined;
  /** Who decided, for people. */
  readonly decidedBy: string | undefined;
}

/** Something that was seen. */
export interface Seen extends ApprovalKey {
  readonly body: string;
  readonly findings: string;
  /** `approved` for what needs nobody's word, such as what an upstream offers at first sight; `decidedBy` says why. */
  readonly state: 'pending' | 'approved';
  readonly decidedBy: string | undefined;
}

/** Which rows to list; what is absent does not narrow. */
export interface ApprovalFilter {
  readonly upstream?: string;
  readonly kind?: ApprovalKind;
  readonly name?: string;
  readonly state?: ApprovalState;
}

/** Bytes of what waits of one upstream, with what was found in it: a text is 256 KB at most. */
export const MAX_PENDING_BYTES = 64 * 1024 * 1024;

/** Approvals. Writes are durable. */
export interface ApprovalTable {
  /**
   * Notes what was seen; what is known already stays as it is. Gives the state of each, in order. Of one upstream at
   * most `maxPending` are kept pending: the oldest are forgotten. Of what the upstream chose, the texts of the newest
   * are kept up to `maxPendingBytes` in all, MAX_PENDING_BYTES unless given; in place of the others stands that they are
   * not. All else of these rows stays, so that they may still be decided.
   */
  see(seen: readonly Seen[], maxPending: number, maxPendingBytes?: number): Promise<readonly ApprovalState[]>;
  /** All marks of an upstream. */
  marks(upstream: string): Promise<readonly ApprovalMark[]>;
  read(id: string): Promise<ApprovalRow | undefined>;
  /** The rows that fit, the oldest first, at most `max`, after the row with the id `after`. */
  list(
    filter: ApprovalFilter,
    page: { readonly max: number; readonly after?: string },
  ): Promise<readonly ApprovalRow[]>;
  /** The row of the same upstream, kind and name that was approved last. */
  lastApproved(thing: ApprovalThing): Promise<ApprovalRow | undefined>;
  /** Decides rows, whatever was decided before. Gives them as they are then; unknown ids are left out. */
  decide(ids: readonly string[], state: 'approved' | 'rejected', by: string): Promise<readonly ApprovalRow[]>;
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const ID_LENGTH = 20;

/**
 * Names an exact thing in 20 letters and digits, the same at every replica. With 100 bits, nobody finds two things of
 * one name, of which a person would approve the wrong one.
 */
export function approvalId({ upstream, kind, name, digest }: ApprovalKey): string {
  return shorten([upstream, kind, name, digest]);
}

/** Names a thing whatever its state is, as `approvalId` names a state of it. */
export function thingId({ upstream, kind, name }: ApprovalThing): string {
  return shorten([upstream, kind, name]);
}

/** Whether a text may be the id of an approval. */
export function isApprovalId(text: string): boolean {
  return text.length === ID_LENGTH && [...text].every((letter) => ALPHABET.includes(letter));
}

function shorten(parts: readonly string[]): string {
  const bytes = createHash('sha256').update(JSON.stringify(parts)).digest();
  return Array.from(bytes.subarray(0, ID_LENGTH), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
}

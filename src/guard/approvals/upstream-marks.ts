import type { ApprovalKind, ApprovalMark, ApprovalState } from '../../store/approval-table.ts';

/** What is known of the approvals of one upstream, without their texts. */
export interface UpstreamMarks {
  /** Undefined for what was never seen, or was forgotten. */
  stateOf(kind: ApprovalKind, name: string, digest: string): ApprovalState | undefined;
  /** Whether anything of a kind, or of a name of it, is approved. */
  hasApproved(kind: ApprovalKind, name?: string): boolean;
}

/** The digests of one name. Nearly always one; an upstream that changes all the time has thousands. */
type Digests = Map<string, ApprovalState>;

/** Marks in memory, looked up before each call. */
export class MarkMap implements UpstreamMarks {
  readonly #kinds = new Map<ApprovalKind, Map<string, Digests>>();
  #pending = 0;

  constructor(marks: readonly ApprovalMark[]) {
    for (const mark of marks) this.set(mark);
  }

  /** Marks that wait. */
  get pending(): number {
    return this.#pending;
  }

  stateOf(kind: ApprovalKind, name: string, digest: string): ApprovalState | undefined {
    return this.#kinds.get(kind)?.get(name)?.get(digest);
  }

  hasApproved(kind: ApprovalKind, name?: string): boolean {
    const names = this.#kinds.get(kind);
    if (names === undefined) return false;
    if (name !== undefined) return isAnyApproved(names.get(name));
    for (const digests of names.values()) if (isAnyApproved(digests)) return true;
    return false;
  }

  set({ kind, name, digest, state }: Omit<ApprovalMark, 'id' | 'upstream'>): void {
    const names = this.#kinds.get(kind) ?? new Map<string, Digests>();
    this.#kinds.set(kind, names);
    const digests: Digests = names.get(name) ?? new Map();
    names.set(name, digests);
    if (digests.get(digest) === 'pending') this.#pending -= 1;
    if (state === 'pending') this.#pending += 1;
    digests.set(digest, state);
  }
}

function isAnyApproved(digests: Digests | undefined): boolean {
  for (const state of digests?.values() ?? []) if (state === 'approved') return true;
  return false;
}

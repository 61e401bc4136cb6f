import type { ApprovalKind, ApprovalMark, ApprovalState } from '../../store/approval-table.ts';

/** What is known of the approvals of one upstream, without their texts. */
export interface UpstreamMarks {
  /** Undefined for what was never seen, or was forgotten. */
  stateOf(kind: ApprovalKind, name: string, digest: string): ApprovalState | undefined;
  /** Whether anything of a kind, or of a name of it, is approved. */
  hasApproved(kind: ApprovalKind, name?: string): boolean;
}

/** The digests of one name. Nearly always one; few enough to be looked through. */
type Digests = { readonly digest: string; state: ApprovalState }[];

/** Marks in memory, looked up before each call. */
export class MarkMap implements UpstreamMarks {
  readonly #kinds = new Map<ApprovalKind, Map<string, Digests>>();
  #pending = 0;

  constructor(marks: readonly ApprovalMark[]) {
    // What is approved is looked up most.
    for (const mark of marks) if (mark.state === 'approved') this.set(mark);
    for (const mark of marks) if (mark.state !== 'approved') this.set(mark);
  }

  /** Marks that wait. */
  get pending(): number {
    return this.#pending;
  }

  stateOf(kind: ApprovalKind, name: string, digest: string): ApprovalState | undefined {
    const digests = this.#kinds.get(kind)?.get(name);
    if (digests === undefined) return undefined;
    for (const one of digests) if (one.digest === digest) return one.state;
    return undefined;
  }

  hasApproved(kind: ApprovalKind, name?: string): boolean {
    const names = this.#kinds.get(kind);
    if (names === undefined) return false;
    if (name !== undefined) return isAnyApproved(names.get(name) ?? []);
    for (const digests of names.values()) if (isAnyApproved(digests)) return true;
    return false;
  }

  set({ kind, name, digest, state }: Omit<ApprovalMark, 'id' | 'upstream'>): void {
    const names = this.#kinds.get(kind) ?? new Map<string, Digests>();
    this.#kinds.set(kind, names);
    const digests = names.get(name) ?? [];
    names.set(name, digests);
    const known = digests.find((one) => one.digest === digest);
    if (known?.state === 'pending') this.#pending -= 1;
    if (state === 'pending') this.#pending += 1;
    if (known === undefined) digests.push({ digest, state });
    else known.state = state;
  }
}

function isAnyApproved(digests: Digests): boolean {
  return digests.some(({ state }) => state === 'approved');
}

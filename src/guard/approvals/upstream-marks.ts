import type { ApprovalKind, ApprovalMark, ApprovalState } from '../../store/approval-table.ts';

/** What is known of the approvals of one upstream, without their texts. */
export interface UpstreamMarks {
  /** Undefined for what was never seen, or was forgotten. */
  stateOf(kind: ApprovalKind, name: string, digest: string): ApprovalState | undefined;
  /** Whether anything is approved: of a kind, of a name of it, or at all. */
  hasApproved(kind?: ApprovalKind, name?: string): boolean;
  /** Whether anything was ever seen: of a kind, of a name of it, or at all. */
  hasSeen(kind?: ApprovalKind, name?: string): boolean;
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

  hasApproved(kind?: ApprovalKind, name?: string): boolean {
    for (const digests of this.#digests(kind, name))
      if (digests.some(({ state }) => state === 'approved')) return true;
    return false;
  }

  hasSeen(kind?: ApprovalKind, name?: string): boolean {
    return !this.#digests(kind, name).next().done;
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

  *#digests(kind: ApprovalKind | undefined, name: string | undefined): Generator<Digests, void> {
    for (const [key, names] of this.#kinds) {
      if (kind !== undefined && key !== kind) continue;
      if (name === undefined) yield* names.values();
      else {
        const digests = names.get(name);
        if (digests !== undefined) yield digests;
      }
    }
  }
}

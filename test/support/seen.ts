import type { Seen } from '../../src/store/approval-table.ts';

/** A tool that waits, as an upstream showed it, but for what the test says of it. */
export function seenOf(changes: Partial<Seen> = {}): Seen {
  return {
    ...{ upstream: 'files', kind: 'tools', name: 'search', digest: 'sha256:1' },
    ...{ body: '{"name":"search"}', findings: '[]', state: 'pending', decidedBy: undefined },
    ...changes,
  };
}

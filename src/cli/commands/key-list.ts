import { formatTable } from '../format-table.ts';
import { type ShownKey, showKey } from '../show-key.ts';
import type { Terminal } from '../terminal.ts';
import { withStore } from '../with-store.ts';

const HEAD: readonly string[] = ['ID', 'NAME', 'STATE', 'SERVERS', 'EXPIRES'];

/** `gateward key list`: the keys and what became of them. The keys themselves are known to their holders alone. */
export function listKeys(config: string | undefined, terminal: Terminal): Promise<number> {
  return withStore(config, async ({ store: { keys } }) => {
    const now = Date.now();
    const shown = (await keys.list()).map((row) => showKey(row, now));
    terminal.emit({ keys: shown });
    if (shown.length === 0) terminal.say('There are no keys. Make one with: gateward key create --name NAME');
    else terminal.say(formatTable([HEAD, ...shown.map(rowOf)]));
    return 0;
  });
}

function rowOf({ id, name, state, servers, expiresAt }: ShownKey): readonly string[] {
  return [id, name, state, servers?.join(',') ?? '(all)', expiresAt ?? 'never'];
}

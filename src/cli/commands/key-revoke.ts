import { GatewardError } from '../../errors.ts';
import { showKey } from '../show-key.ts';
import type { Terminal } from '../terminal.ts';
import { withStore } from '../with-store.ts';

/** What `gateward key revoke` is given. */
export interface RevokeKeyOptions {
  readonly config: string | undefined;
  readonly idOrName: string;
}

/** `gateward key revoke`: every replica refuses the key within a second, and ends what was opened with it. Throws KEY_NOT_FOUND. */
export function revokeKey({ config, idOrName }: RevokeKeyOptions, terminal: Terminal): Promise<number> {
  return withStore(config, async ({ store: { keys } }) => {
    const row = await keys.revoke(idOrName);
    if (row === undefined) throw new GatewardError('KEY_NOT_FOUND');
    const shown = showKey(row, Date.now());
    terminal.emit(shown);
    terminal.say(
      `The key "${shown.name}" (${shown.id}) is revoked. Running gateways refuse it within a second.`,
    );
    return 0;
  });
}

import { mintKey } from '../../auth/key-text.ts';
import type { Config } from '../../config/types.ts';
import { GatewardError } from '../../errors.ts';
import { showKey } from '../show-key.ts';
import type { Terminal } from '../terminal.ts';
import { withStore } from '../with-store.ts';

/** What `gateward key create` is given. */
export interface CreateKeyOptions {
  readonly config: string | undefined;
  readonly name: string;
  /** Names of servers; none for all. */
  readonly servers: readonly string[];
  /** Milliseconds; undefined for never. */
  readonly expiresInMs: number | undefined;
}

/**
 * `gateward key create`: makes a key and shows it, this once: standard output is the key alone. Works with or without a
 * running gateway.
 */
export function createKey(options: CreateKeyOptions, terminal: Terminal): Promise<number> {
  return withStore(options.config, async ({ config, store: { keys } }) => {
    checkServers(options.servers, config);
    const { id, text, hash } = mintKey();
    const servers = options.servers.length === 0 ? undefined : [...new Set(options.servers)];
    const row = await keys.create({ id, name: options.name, hash, servers, ttlMs: options.expiresInMs });
    const { state: _, revokedAt: __, ...shown } = showKey(row, row.createdAt);
    terminal.say(text);
    terminal.emit({ key: text, ...shown });
    if (!terminal.isJson) {
      const where = shown.servers === null ? 'every server' : shown.servers.join(', ');
      const until = shown.expiresAt === null ? 'until it is revoked' : `until ${shown.expiresAt}`;
      terminal.warn(`The key "${shown.name}" (${id}) opens ${where} ${until}.`);
      terminal.warn('It is shown only now. Clients send it as: Authorization: Bearer KEY');
    }
    if (!config.auth.keys) {
      terminal.warn(`Keys are not asked for yet: set auth.keys to true in ${config.file} and start anew.`);
    }
    return 0;
  });
}

function checkServers(wanted: readonly string[], { servers }: Config): void {
  const names = servers.map(({ name }) => name);
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new GatewardError('CONFIG_INVALID', {
    detail: `There is no server ${JSON.stringify(unknown)} for --server. Configured: ${names.join(', ')}.`,
  });
}

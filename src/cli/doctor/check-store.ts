import { existsSync } from 'node:fs';
import { isInForce } from '../../auth/key-in-force.ts';
import type { Config } from '../../config/types.ts';
import { toGatewardError } from '../../errors.ts';
import { openStoreOf } from '../open-store-of.ts';
import type { Finding } from './finding.ts';

const subject = 'store';

/** Opens the store as the gateway would, unless that would make it. With keys, counts those that can be used. */
export async function checkStore({ store: config, auth }: Config): Promise<Finding[]> {
  if (config.kind === 'sqlite' && !existsSync(config.file)) {
    return [
      { level: 'ok', subject, message: `${config.file} is made at the first start` },
      ...noKeys(auth, 0),
    ];
  }
  try {
    const store = await openStoreOf(config);
    try {
      const keys = await store.keys.list();
      const active = keys.filter((key) => isInForce(key, Date.now()));
      return [{ level: 'ok', subject, message: placeOf(config) }, ...noKeys(auth, active.length)];
    } finally {
      await store.close();
    }
  } catch (thrown) {
    const { code, message } = toGatewardError(thrown);
    return [{ level: 'problem', subject, message, code }];
  }
}

/** Without the user, the password and the parameters of a URL. */
function placeOf(config: Config['store']): string {
  if (config.kind === 'sqlite') return config.file;
  const { host, pathname } = new URL(config.url);
  return `postgres://${host}${pathname}`;
}

function noKeys({ keys }: Config['auth'], active: number): Finding[] {
  if (!keys || active > 0) return [];
  const message = 'auth.keys is true, and there is no key: nobody can call the gateway';
  return [
    { level: 'warning', subject: 'keys', message, cure: 'Make one with: gateward key create --name NAME' },
  ];
}

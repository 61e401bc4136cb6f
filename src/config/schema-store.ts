/** The part of the configuration schema that describes what replicas share. */
import { z } from 'zod';
import { textField } from './schema-fields.ts';

/** Kinds of store by the scheme of their text. */
const POSTGRES = /^postgres(?:ql)?:\/\//;
const SQLITE = /^sqlite:(.+)$/;

/** True for the text of a PostgreSQL store. */
export function isPostgresUrl(text: string): boolean {
  return POSTGRES.test(text);
}

/** The path in the text of an SQLite store; undefined for any other text. */
export function sqlitePath(text: string): string | undefined {
  return SQLITE.exec(text)?.[1];
}

/** `store`: where sessions, parked calls, keys and the like are. */
export const storeField = textField(8192)
  .superRefine((text, context) => {
    const message = faultOfStore(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message, input: text });
  })
  .optional()
  .describe(
    'Where the gateway keeps what outlives a process: `sqlite:PATH` for the processes of one machine, `postgres://USER:PASSWORD@HOST/DATABASE` for any number of replicas. PATH is a folder, which then holds `gateward.db`, or a file that ends in `.db`. Without it: `sqlite:` with `dataDir`. The URL is secret: it never reaches a log. With PostgreSQL every replica needs the same GATEWARD_SECRET.',
  );

/** `bus`: what wakes replicas, where the store's own notifications do not do. */
export const busField = textField(8192)
  .superRefine((text, context) => {
    const fault = 'must be a whole URL, such as nats://nats.lan:4222';
    if (!/^(?:nats|tls):\/\//.test(text) || !URL.canParse(text)) {
      context.addIssue({ code: 'custom', message: fault, input: text });
    }
  })
  .optional()
  .describe(
    'A NATS server that wakes replicas, `nats://...` or `tls://...`, in place of the notifications of PostgreSQL. Only with a `postgres://` store. Nothing depends on it but speed. The URL is secret.',
  );

/** `auth`: who may call. */
export const authSchema = z.strictObject({
  keys: z
    .boolean()
    .default(false)
    .describe(
      'Whether every request of a client must carry a key that `gateward key create` made, as `Authorization: Bearer gwk_...`. Without it everybody who reaches the gateway may use it, so it listens on loopback only.',
    ),
});

function faultOfStore(text: string): string | undefined {
  if (isPostgresUrl(text)) return URL.canParse(text) ? undefined : 'is not a URL that can be read';
  const path = sqlitePath(text);
  if (path === undefined) return 'must begin with sqlite: or postgres://';
  return path.includes('\0') ? 'must not hold a NUL character' : undefined;
}

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock, quiet } from '../../test/support/manual-clock.ts';
import { GatewardError } from '../errors.ts';
import type { KeyRow } from '../store/store.ts';
import { mintKey } from './key-text.ts';
import { createKeys, type Keys } from './keys.ts';

/** A table and a feed as the store has them, moved by hand. */
class FakeStore {
  readonly rows = new Map<string, KeyRow>();
  reads = 0;
  fresh = true;
  broken = false;
  /** Held reads go on when this resolves. */
  gate: Promise<void> = Promise.resolve();
  readonly #onKey = new Set<(id: string) => void>();
  readonly #onReset = new Set<() => void>();

  readonly table = {
    read: async (id: string): Promise<KeyRow | undefined> => {
      this.reads++;
      const row = this.rows.get(id);
      await this.gate;
      if (this.broken) throw new GatewardError('STORE_UNAVAILABLE');
      return row;
    },
  };

  readonly feed = {
    isFresh: () => this.fresh,
    onKey: (run: (id: string) => void) => add(this.#onKey, run),
    onReset: (run: () => void) => add(this.#onReset, run),
  };

  add(more: Partial<KeyRow> = {}): { readonly id: string; readonly header: string; readonly text: string } {
    const { id, text, hash } = mintKey();
    const row = { id, name: id, hash, servers: undefined, createdAt: 0, expiresAt: undefined };
    this.rows.set(id, { ...row, revokedAt: undefined, ...more });
    return { id, text, header: `Bearer ${text}` };
  }

  revoke(id: string): void {
    const row = this.rows.get(id);
    if (row !== undefined) this.rows.set(id, { ...row, revokedAt: 1 });
  }

  tell(id: string): void {
    for (const run of this.#onKey) run(id);
  }

  reset(): void {
    for (const run of this.#onReset) run();
  }

  get listeners(): number {
    return this.#onKey.size + this.#onReset.size;
  }
}

function add<T>(set: Set<T>, one: T): () => void {
  set.add(one);
  return () => set.delete(one);
}

let store: FakeStore;
let clock: ManualClock;
let keys: Keys;
beforeEach(() => {
  store = new FakeStore();
  clock = new ManualClock();
  keys = createKeys({ table: store.table, feed: store.feed, clock });
});
afterEach(() => keys.close());

const authenticate = async (authorization: string) => keys.authenticate({ authorization });
async function codeOf(run: () => unknown): Promise<string | undefined> {
  try {
    await run();
  } catch (thrown) {
    return thrown instanceof GatewardError ? thrown.code : String(thrown);
  }
  return undefined;
}

describe('who shows a key', () => {
  it('is its holder, and may use every server', async () => {
    const { id, header } = store.add();
    expect(await authenticate(header)).toEqual({ key: `key:${id}`, kind: 'key' });
  });

  it('may use the servers of the key', async () => {
    const { header } = store.add({ servers: ['files'] });
    expect([...((await authenticate(header)).servers ?? [])]).toEqual(['files']);
  });

  it('is known without a promise and a read the second time', async () => {
    const { id, header } = store.add();
    await authenticate(header);
    expect(keys.authenticate({ authorization: header })).toEqual({ key: `key:${id}`, kind: 'key' });
    expect(store.reads).toBe(1);
  });

  it('may write the scheme as they like', async () => {
    const { text } = store.add();
    for (const start of ['bearer ', 'BEARER  ']) expect((await authenticate(start + text)).kind).toBe('key');
  });
});

describe('who shows', () => {
  const { text: other } = mintKey();
  const swap = (text: string): string =>
    `${text.slice(0, 30)}${text[30] === 'A' ? 'B' : 'A'}${text.slice(31)}`;
  it.each<readonly [what: string, header: (text: string) => string | undefined, code: string]>([
    ['nothing', () => undefined, 'KEY_REQUIRED'],
    ['nothing behind the scheme', () => 'Bearer ', 'KEY_REQUIRED'],
    ['another scheme', () => 'Basic bWU6cGFzcw==', 'KEY_REQUIRED'],
    ['a token of somebody else', () => 'Bearer eyJhbGciOiJub25lIn0.e30.', 'KEY_INVALID'],
    ['an unknown key', () => `Bearer ${other}`, 'KEY_INVALID'],
    ['a slip', (text) => `Bearer ${swap(text)}`, 'KEY_INVALID'],
    ['the id with another secret', (text) => `Bearer ${text.slice(0, 21)}${other.slice(21)}`, 'KEY_INVALID'],
    ['two keys', (text) => `Bearer ${text} ${text}`, 'KEY_REQUIRED'],
  ])('%s is refused, known key or not', async (_, header, code) => {
    const { text } = store.add();
    const authorization = header(text);
    expect(await codeOf(() => keys.authenticate({ authorization }))).toBe(code);
    await authenticate(`Bearer ${text}`);
    expect(await codeOf(() => keys.authenticate({ authorization }))).toBe(code);
  });

  it('a slip costs no read of the store', async () => {
    const { text } = store.add();
    await codeOf(() => authenticate(`Bearer ${swap(text)}`));
    expect(store.reads).toBe(0);
  });

  it('no header at all is refused', async () => {
    expect(await codeOf(() => keys.authenticate(undefined))).toBe('KEY_REQUIRED');
  });

  it('unknown, revoked, expired and wrong keys are told the same', async () => {
    const { text } = store.add();
    const revoked = store.add({ revokedAt: 5 });
    const expired = store.add({ expiresAt: clock.now() });
    const { header: known } = store.add();
    await authenticate(known);
    const wrong = `${known.slice(0, 28)}${other.slice(21)}`;
    const headers = [`Bearer ${other}`, `Bearer ${swap(text)}`, revoked.header, expired.header, wrong];
    const said = headers.map((header) => authenticate(header).catch((thrown: unknown) => String(thrown)));
    expect(new Set(await Promise.all(said)).size).toBe(1);
  });
});

describe('a key that ends', () => {
  it('by revocation is refused from the moment of which the feed tells', async () => {
    const { id, header } = store.add();
    await authenticate(header);
    store.revoke(id);
    expect(await codeOf(() => authenticate(header))).toBe(undefined);
    store.tell(id);
    expect(await codeOf(() => authenticate(header))).toBe('KEY_INVALID');
  });

  it('by time is refused although it is kept', async () => {
    const { header } = store.add({ expiresAt: clock.now() + 1000 });
    await authenticate(header);
    await clock.advance(999);
    expect(await codeOf(() => authenticate(header))).toBe(undefined);
    await clock.advance(1);
    expect(await codeOf(() => authenticate(header))).toBe('KEY_INVALID');
    expect(store.reads).toBe(1);
  });

  it('while it is read is not kept as it was', async () => {
    const { id, header } = store.add();
    const held = Promise.withResolvers<void>();
    store.gate = held.promise;
    const first = authenticate(header);
    await quiet();
    store.revoke(id);
    store.tell(id);
    held.resolve();
    await first;
    expect(await codeOf(() => authenticate(header))).toBe('KEY_INVALID');
  });

  it('is read again after too much changed to be told', async () => {
    const { id, header } = store.add();
    await authenticate(header);
    store.revoke(id);
    store.reset();
    expect(await codeOf(() => authenticate(header))).toBe('KEY_INVALID');
  });
});

describe('while the feed is not fresh', () => {
  it('the store is asked each time', async () => {
    const { header } = store.add();
    await authenticate(header);
    store.fresh = false;
    await authenticate(header);
    await authenticate(header);
    expect(store.reads).toBe(3);
  });

  it('a store that cannot be asked lets nobody in', async () => {
    const { header } = store.add();
    await authenticate(header);
    store.fresh = false;
    store.broken = true;
    expect(await codeOf(() => authenticate(header))).toBe('STORE_UNAVAILABLE');
    store.broken = false;
    expect(await codeOf(() => authenticate(header))).toBe(undefined);
  });
});

describe('the store', () => {
  it('is asked once for callers that come at once', async () => {
    const { header } = store.add();
    await Promise.all(Array.from({ length: 20 }, () => authenticate(header)));
    expect(store.reads).toBe(1);
  });

  it('is asked at most once a second for a key that it does not know', async () => {
    const { id, text, hash } = mintKey();
    for (let time = 0; time < 5; time++) await codeOf(() => authenticate(`Bearer ${text}`));
    expect(store.reads).toBe(1);
    store.add({ id, hash });
    const row = [...store.rows.values()].at(-1);
    if (row !== undefined) store.rows.set(id, row);
    await clock.advance(1000);
    expect((await authenticate(`Bearer ${text}`)).key).toBe(`key:${id}`);
  });

  it('is not asked for more than 200 keys at a time', async () => {
    const held = Promise.withResolvers<void>();
    store.gate = held.promise;
    const asked = Array.from({ length: 201 }, () => codeOf(() => authenticate(`Bearer ${mintKey().text}`)));
    await quiet();
    held.resolve();
    const codes = await Promise.all(asked);
    expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(1);
    expect(store.reads).toBe(200);
  });
});

describe('a principal', () => {
  it('is known again by its key, as it is now', async () => {
    const { id } = store.add({ servers: ['files'] });
    const recalled = await keys.recall(`key:${id}`);
    expect([recalled.key, ...(recalled.servers ?? [])]).toEqual([`key:${id}`, 'files']);
    store.revoke(id);
    store.tell(id);
    expect(await codeOf(() => keys.recall(`key:${id}`))).toBe('KEY_INVALID');
  });

  it.each(['local', 'key:', 'key:x', 'other:aaaaaaaaaaaaaaaa'])('%s is none of these', async (principal) => {
    expect(await codeOf(() => keys.recall(principal))).toBe('KEY_REQUIRED');
  });
});

describe('who watches a key', () => {
  it('hears once of its revocation', async () => {
    const { id } = store.add();
    let ends = 0;
    keys.watch(`key:${id}`, () => ends++);
    store.tell(id);
    store.tell(id);
    expect(ends).toBe(1);
  });

  it('hears of its end by time within a second', async () => {
    const { id, header } = store.add({ expiresAt: clock.now() + 5000 });
    await authenticate(header);
    let ended = false;
    keys.watch(`key:${id}`, () => {
      ended = true;
    });
    await clock.advance(4900);
    expect(ended).toBe(false);
    await clock.advance(1100);
    expect(ended).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('hears of a revocation of which the feed did not tell, once the feed was interrupted', async () => {
    const { id } = store.add();
    let ended = false;
    keys.watch(`key:${id}`, () => {
      ended = true;
    });
    await clock.advance(1000);
    store.revoke(id);
    store.reset();
    store.broken = true;
    await clock.advance(2000);
    expect(ended).toBe(false);
    store.broken = false;
    await clock.advance(1000);
    expect(ended).toBe(true);
  });

  it('hears nothing once it called that off', async () => {
    const { id } = store.add();
    let ended = false;
    keys.watch(`key:${id}`, () => {
      ended = true;
    })();
    store.tell(id);
    await clock.advance(2000);
    expect([ended, clock.pending]).toEqual([false, 0]);
  });
});

it('nothing is left once it is closed', async () => {
  const { id } = store.add();
  keys.watch(`key:${id}`, () => undefined);
  keys.close();
  expect([store.listeners, clock.pending]).toEqual([0, 0]);
});

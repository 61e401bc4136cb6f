import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';
import { createSeal } from '../lib/seal.ts';
import { createSessionIds, MAX_ID_LENGTH, type NewSession } from './session-id.ts';
import type { SessionRows } from './sessions.ts';

const seal = createSeal(randomBytes(32));
const json = (text: string) => JsonText.parse(Buffer.from(text));

/** Keeps what does not fit into ids. */
function memoryRows(): Pick<SessionRows, 'begin' | 'keepExtra' | 'readExtra'> {
  const extras = new Map<string, Buffer>();
  return {
    begin: () => undefined,
    keepExtra: async ({ key }, bytes) => void extras.set(key, bytes),
    readExtra: async (key) => extras.get(key),
  };
}

function idsAt() {
  const clock = { now: 1_700_000_000_000 };
  const now = () => clock.now;
  const rows = memoryRows();
  return { clock, rows, ids: createSessionIds({ seal, rows, now, ttlMs: 86_400_000 }) };
}

const session: NewSession = {
  version: '2025-11-25',
  server: 'all',
  principal: 'local',
  capabilities: json('{"elicitation":{},"x":12345678901234567890}'),
  clientInfo: json('{"name":"c","version":"1"}'),
};

describe('createSessionIds', () => {
  it('opens what it minted, byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          version: fc.constantFrom('2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'),
          server: fc.string({ maxLength: 60 }),
          principal: fc.string({ maxLength: 300 }),
          capabilities: fc.dictionary(fc.string(), fc.jsonValue()),
          clientInfo: fc.dictionary(fc.string(), fc.jsonValue()),
        }),
        async (given) => {
          const { ids } = idsAt();
          const { icons: _, ...clientInfo } = given.clientInfo;
          const made = await ids.mint({
            ...given,
            capabilities: JsonText.of(given.capabilities),
            clientInfo: JsonText.of(clientInfo),
          });
          expect(made.id).toMatch(/^[\x21-\x7e]+$/);
          expect(made.id.length).toBeLessThanOrEqual(MAX_ID_LENGTH);
          const facts = await ids.open(made.id);
          expect(facts).toMatchObject({
            version: given.version,
            server: given.server,
            principal: given.principal,
          });
          expect(facts?.key).toBe(made.facts.key);
          expect(facts?.capabilities.text).toBe(JSON.stringify(given.capabilities));
          expect(facts?.clientInfo.text).toBe(JSON.stringify(clientInfo));
        },
      ),
    );
  });

  it('never opens an id that was changed', async () => {
    const { ids } = idsAt();
    const { id } = await ids.mint(session);
    await fc.assert(
      fc.asyncProperty(fc.nat(id.length - 1), fc.constantFrom(...'ABCabc019-_'), async (at, char) => {
        const changed = id.slice(0, at) + char + id.slice(at + 1);
        expect((await ids.open(changed)) === undefined).toBe(changed !== id);
      }),
    );
    expect(await ids.open(id.slice(0, -1))).toBeUndefined();
    expect(await ids.open(`${id}A`)).toBeUndefined();
    expect(await ids.open('')).toBeUndefined();
    expect(await ids.open('A'.repeat(100_000))).toBeUndefined();
  });

  it('makes each id and key only once', async () => {
    const { ids } = idsAt();
    const [one, two] = [await ids.mint(session), await ids.mint(session)];
    expect(one.id).not.toBe(two.id);
    expect(one.facts.key).not.toBe(two.facts.key);
  });

  it('keeps capabilities that do not fit in a row, and refuses those beyond every bound', async () => {
    const { ids } = idsAt();
    const capabilities = JsonText.of({ experimental: { x: 'y'.repeat(5000) } });
    const { id } = await ids.mint({ ...session, capabilities });
    expect(id.length).toBeLessThanOrEqual(MAX_ID_LENGTH);
    expect((await ids.open(id))?.capabilities.text).toBe(capabilities.text);
    const huge = JsonText.of({ experimental: { x: 'y'.repeat(70_000) } });
    await expect(ids.mint({ ...session, capabilities: huge })).rejects.toThrow(GatewardError);
  });

  it('drops the icons of the client', async () => {
    const { ids } = idsAt();
    const { facts } = await ids.mint({
      ...session,
      clientInfo: JsonText.of({ name: 'c', icons: [{ src: 'x' }] }),
    });
    expect(facts.clientInfo.text).toBe('{"name":"c"}');
  });

  it('does not open an id after its life', async () => {
    const { ids, clock } = idsAt();
    const { id } = await ids.mint(session);
    clock.now += 86_399_999;
    expect(await ids.open(id)).toBeDefined();
    clock.now += 1;
    expect(await ids.open(id)).toBeUndefined();
  });
});

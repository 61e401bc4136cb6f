import { describe, expect, it } from 'vitest';
import { ANYBODY, LOCAL } from '../auth/local-caller.ts';
import type { Call, Callers, Inbound, LegacySession, Outcome, Principal } from '../call.ts';
import { ownCall } from '../catalog/own-call.ts';
import { GatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';
import { authenticate } from './authenticate.ts';
import { authorize } from './authorize.ts';

const ANN: Principal = { key: 'key:ann', kind: 'key', servers: new Set(['files']) };
const DONE: Outcome = { kind: 'complete', result: JsonText.written('{}') };

/** Knows Ann by one header, and watches nobody but her. */
class FakeCallers implements Callers {
  readonly asked: string[] = [];
  onEnd: (() => void) | undefined;
  readonly authenticate: Callers['authenticate'] = (headers) => {
    this.asked.push('header');
    if (headers?.['authorization'] !== 'ann') throw new GatewardError('KEY_REQUIRED');
    return ANN;
  };
  readonly recall: Callers['recall'] = async (principal) => {
    this.asked.push(principal);
    return ANN;
  };
  readonly watch: Callers['watch'] = (_, onEnd) => {
    this.onEnd = onEnd;
    return () => {
      this.onEnd = undefined;
    };
  };
}

function inboundOf(
  method: string,
  more: Partial<Inbound> & { readonly legacy?: Call['legacy'] } = {},
): Inbound {
  const { legacy, ...rest } = more;
  const call = { ...ownCall({ method, signal: new AbortController().signal }), legacy };
  return { server: 'files', call, headers: { authorization: 'ann' }, ...rest };
}

type Known = { readonly principal: Principal; readonly call: Call };

async function run(callers: Callers, inbound: Inbound): Promise<Known & { readonly outcome: Outcome }> {
  let seen: Known | undefined;
  const outcome = await authenticate(callers)(inbound, (known) => {
    seen = known;
    return Promise.resolve(DONE);
  });
  if (seen === undefined) throw new TypeError('the row below did not run');
  return { ...seen, outcome };
}

describe('authenticate', () => {
  it('says in the call whose it is', async () => {
    const { principal, call } = await run(new FakeCallers(), inboundOf('tools/call'));
    expect([principal.key, call.principal]).toEqual(['key:ann', 'key:ann']);
  });

  it('without keys takes everybody for the local user', async () => {
    const { principal, call } = await run(ANYBODY, inboundOf('tools/call', { headers: {} }));
    expect([principal, call.principal]).toEqual([LOCAL, 'local']);
  });

  it('names the principal in the outcome of which a session may come', async () => {
    expect((await run(new FakeCallers(), inboundOf('server/discover'))).outcome.principal).toBe(ANN);
    expect((await run(new FakeCallers(), inboundOf('tools/call'))).outcome.principal).toBe(undefined);
  });

  it('refuses who does not say who they are', () => {
    const inbound = inboundOf('tools/call', { headers: {} });
    expect(() => authenticate(new FakeCallers())(inbound, () => Promise.resolve(DONE))).toThrow(
      expect.objectContaining({ code: 'KEY_REQUIRED' }),
    );
  });

  it('does not ask again where the caller was proved before', async () => {
    const callers = new FakeCallers();
    const { principal } = await run(callers, inboundOf('tools/call', { headers: {}, principal: LOCAL }));
    expect([principal, callers.asked]).toEqual([LOCAL, []]);
  });

  it('asks whether the owner of a session may still call, where no request says who calls', async () => {
    const callers = new FakeCallers();
    const session = { principal: 'key:ann' } as LegacySession;
    const legacy = { session, refusals: new Map() };
    const own = await run(callers, inboundOf('tools/call', { headers: undefined, legacy }));
    expect([own.principal, callers.asked]).toEqual([ANN, ['key:ann']]);
    const spoken = inboundOf('tools/call', { headers: {}, legacy });
    expect(() => authenticate(callers)(spoken, () => Promise.resolve(DONE))).toThrow(GatewardError);
  });
});

describe('a listen', () => {
  const never = (call: Call): Promise<Outcome> =>
    new Promise((_, reject) => call.signal.addEventListener('abort', () => reject(call.signal.reason)));

  it('ends with the right to listen', async () => {
    const callers = new FakeCallers();
    let below: Call | undefined;
    const listening = authenticate(callers)(inboundOf('subscriptions/listen'), ({ call }) => {
      below = call;
      return never(call);
    });
    callers.onEnd?.();
    await expect(listening).rejects.toMatchObject({ code: 'KEY_INVALID' });
    expect(below?.signal.aborted).toBe(true);
    expect(callers.onEnd).toBe(undefined);
  });

  it('ends with its call, and is watched no more', async () => {
    const callers = new FakeCallers();
    const leaving = new AbortController();
    const inbound = inboundOf('subscriptions/listen');
    const listening = authenticate(callers)(
      { ...inbound, call: { ...inbound.call, signal: leaving.signal } },
      ({ call }) => never(call),
    );
    const gone = new TypeError('gone');
    leaving.abort(gone);
    await expect(listening).rejects.toBe(gone);
    expect(callers.onEnd).toBe(undefined);
  });
});

describe('authorize', () => {
  const below = (): Promise<Outcome> => Promise.resolve(DONE);

  it('lets a principal use its servers, and who has no list use all', async () => {
    expect(await authorize({ server: 'files', principal: ANN }, below)).toBe(DONE);
    expect(await authorize({ server: 'any', principal: LOCAL }, below)).toBe(DONE);
  });

  it('says of every other server that it does not exist', () => {
    expect(() => authorize({ server: 'other', principal: ANN }, below)).toThrow(
      expect.objectContaining({ code: 'SERVER_NOT_FOUND' }),
    );
  });
});

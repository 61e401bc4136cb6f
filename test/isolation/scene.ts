/** A gateway that asks for keys, two principals, and upstreams of every kind. */
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startLegacyHttp } from '../fixtures/servers/legacy-http.ts';
import type { Json } from '../support/front-door.ts';
import { startGateway } from '../support/gateway.ts';
import { createKey } from '../support/keys.ts';
import { type ScriptedServer, startScripted, type Turn, text } from '../support/scripted-server.ts';
import { VOUCHED } from '../support/vouched.ts';
import { Caller } from './caller.ts';

/** What the calls run against. */
export interface Scene {
  readonly callers: readonly [Caller, Caller];
  readonly modern: ScriptedServer;
  close(): Promise<void>;
}

/** More than fit on one page of a merged list. */
const MANY_TOOLS = 1100;
const ANNOUNCE_EVERY_MS = 50;

/** Starts everything. */
export async function openScene(): Promise<Scene> {
  const [modern, wide, legacy] = await Promise.all([startModern(), startWide(), startLegacyHttp()]);
  const gateway = await startGateway({
    configText: JSON.stringify({
      listen: { port: 0, legacySse: true },
      auth: { keys: true },
      pins: { mode: 'warn' },
      launch: VOUCHED,
      log: { level: 'warn' },
      upstreams: {
        modern: { url: modern.url },
        wide: { url: wide.url },
        legacy: { url: legacy.url },
        process: {
          command: process.execPath,
          args: [join(import.meta.dirname, '..', 'fixtures', 'stdio', 'steady.js')],
        },
      },
      servers: {
        all: { from: { modern: {}, legacy: {} } },
        pages: { from: { modern: {}, wide: {} } },
      },
    }),
  });
  const make = async (name: string): Promise<Caller> =>
    new Caller(name, gateway.url, await createKey(gateway.configFile, name));
  const callers = [await make('ann'), await make('bob')] as const;
  for (const one of callers) one.meet(callers.filter((other) => other !== one));
  const timer = setInterval(() => {
    for (const { marker } of callers) modern.announce({ uri: uriOf(marker) });
  }, ANNOUNCE_EVERY_MS);
  return {
    callers,
    modern,
    async close() {
      clearInterval(timer);
      await gateway.stop();
      await Promise.all([modern.close(), wide.close(), legacy.stop()]);
    },
  };
}

/** The resource that one caller alone asks for. */
export function uriOf(marker: string): string {
  return `mem://${marker}`;
}

/** Answers come in another order than their requests. */
const jumble = (): Promise<void> => wait(Math.random() * 4);

function startModern(): Promise<ScriptedServer> {
  return startScripted({
    name: 'modern',
    capabilities: { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true } },
    tools: {
      echo: async ({ params }) => {
        await jumble();
        return text(JSON.stringify(params['arguments']));
      },
      progress: async ({ params, notify }) => {
        const meta = Object(params['_meta']);
        const message = String(Object(params['arguments']).marker);
        for (const progress of [1, 2]) {
          notify('notifications/progress', { progressToken: meta.progressToken, progress, message });
          await jumble();
        }
        return text(message);
      },
      slow: async ({ params, gone }) => {
        await wait(40, undefined, { signal: gone }).catch(() => undefined);
        return text(JSON.stringify(params['arguments']));
      },
      ask: askBack,
    },
    methods: {
      'resources/read': async ({ params }) => {
        await jumble();
        const { uri } = params;
        return { contents: [{ uri, text: `text of ${String(uri)}` }], ttlMs: 60_000, cacheScope: 'private' };
      },
    },
  });
}

/** Asks in the first round, and gives back its state and the answer in the second. */
async function askBack({ params }: Turn): Promise<Json> {
  await jumble();
  const marker = String(Object(params['arguments']).marker);
  const { requestState, inputResponses } = params;
  if (requestState === undefined) {
    const requestedSchema = { type: 'object', properties: { response: { type: 'string' } } };
    const params = { mode: 'form', message: `For ${marker}`, requestedSchema };
    return {
      resultType: 'input_required',
      inputRequests: { question: { method: 'elicitation/create', params } },
      requestState: `state of ${marker}`,
    };
  }
  return text(JSON.stringify({ requestState, inputResponses }));
}

function startWide(): Promise<ScriptedServer> {
  const tools = Object.fromEntries(
    Array.from({ length: MANY_TOOLS }, (_, index) => [`tool_${index}`, () => text('')]),
  );
  return startScripted({ name: 'wide', tools });
}

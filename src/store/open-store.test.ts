import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { openBus, openStore } from './open-store.ts';

const log = { debug: ignore, info: ignore, warn: ignore, error: ignore };

test('the store of a laptop is a file, and wakes its own process alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gateward-open-'));
  const store = { kind: 'sqlite', file: join(folder, 'gateward.db') } as const;
  const opened = await openStore({ store, log });
  expect((await opened.replicas.renew('r', 1_000)).live).toEqual(['r']);
  await opened.close();
  const bus = await openBus({ store, bus: undefined, log });
  const heard: string[] = [];
  bus.subscribe('t', (text) => heard.push(text));
  bus.publish('t', 'x');
  await vi.waitFor(() => expect(heard).toEqual(['x']));
  await bus.close();
  await rm(folder, { recursive: true });
});

test('workers of one machine wake each other by their own way', async () => {
  const sent: unknown[] = [];
  const workers = { send: (message: unknown) => void sent.push(message), onMessage: () => ignore };
  const bus = await openBus({ store: { kind: 'sqlite', file: 'unused' }, bus: undefined, workers, log });
  bus.publish('t', 'x');
  await bus.close();
  expect(sent).toEqual([{ wakeups: [['t', 'x']] }]);
});

test('what cannot be a store or a bus is refused, without naming its URL', async () => {
  const store = { kind: 'postgres', url: 'mysql://user:secret@host/x' } as const;
  await expect(openStore({ store, log })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  await expect(openBus({ store, bus: undefined, log })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  const sqlite = { kind: 'sqlite', file: 'unused' } as const;
  const bus = openBus({ store: sqlite, bus: 'http://user:secret@host', log });
  await expect(bus).rejects.toThrow(expect.not.stringContaining('secret'));
  await expect(bus).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

test('drivers are loaded only where they are used', async () => {
  const module = fileURLToPath(new URL('open-store.ts', import.meta.url));
  const script = `
    import Module from 'node:module';
    import { openBus, openStore } from ${JSON.stringify(module)};
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const store = { kind: 'sqlite', file: ':memory:' };
    await (await openStore({ store, log })).close();
    await (await openBus({ store, bus: undefined, log })).close();
    console.log(Object.keys(Module._cache).filter((path) => /node_modules/.test(path)).join());`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  expect(stdout.trim()).toBe('');
});

function ignore(): void {}

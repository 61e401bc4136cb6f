/** The telling server over stdio: `node telling-stdio.ts SECRET ORDER`. Each line leaves in two chunks. */
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { answerTelling } from './telling-server.ts';

const [secret = '', order = ''] = process.argv
  .slice(2)
  .map((arg) => Buffer.from(arg, 'base64').toString('utf8'));
let written: Promise<unknown> = Promise.resolve();

function write(message: object, cutAt = 30): void {
  const line = Buffer.from(`${JSON.stringify(message)}\n`);
  written = written.then(async () => {
    const at = line.indexOf('Here:') + cutAt;
    process.stdout.write(line.subarray(0, at));
    await wait(2);
    process.stdout.write(line.subarray(at));
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  if (message.id === undefined) continue;
  if (message.method === 'server/discover') {
    write({ jsonrpc: '2.0', id: message.id, error: { code: -32_601, message: 'no such method' } });
    continue;
  }
  void answerTelling(
    {
      message,
      notify: (method, params) => write({ jsonrpc: '2.0', method, params }),
      respond: async (outcome, cutAt) => write({ jsonrpc: '2.0', id: message.id, ...outcome }, cutAt),
    },
    secret,
    order,
  );
}

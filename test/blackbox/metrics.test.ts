import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function serve(configText: string): Promise<RunningGateway> {
  const gateway = await startGateway({ configText: `listen: { port: 0 }\n${configText}` });
  ends.push(() => gateway.stop());
  return gateway;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function readMetrics({ url }: RunningGateway, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL('/metrics', url), { headers, agent: false }, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
    });
    sent.once('error', reject);
    sent.end();
  });
}

describe('GET /metrics', () => {
  it('is open where no keys are asked for, to no name but those of the gateway', async () => {
    const gateway = await serve('');
    const answer = await readMetrics(gateway);
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(/^gateward_build_info\{version="\d[^"]*"\} 1$/m);
    expect(await readMetrics(gateway, { host: 'rebound.example.com' })).toMatchObject({ status: 401 });
    expect(await readMetrics(gateway, { origin: 'https://example.com' })).toMatchObject({ status: 403 });
  });

  it('asks for the key of the administrator where callers show keys', async () => {
    const gateway = await serve('auth: { keys: true }\npins: { mode: warn }\n');
    for (const headers of [{}, { authorization: 'Bearer gwk_other' }, { 'x-forwarded-for': '127.0.0.1' }]) {
      const refused = await readMetrics(gateway, headers);
      expect(refused.status).toBe(401);
      expect(refused.text).not.toContain('gateward_');
    }
    const authorization = `Bearer ${gateway.adminKey}`;
    expect(await readMetrics(gateway, { authorization })).toMatchObject({ status: 200 });
    expect(await readMetrics(gateway, { authorization, host: '10.1.2.3:3232' })).toMatchObject({
      status: 200,
    });
  });
});

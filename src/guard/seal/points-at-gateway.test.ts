import { expect, it } from 'vitest';
import { pointsAtGateway } from './points-at-gateway.ts';
import { readServers } from './server-entry.ts';

const FILE = { client: 'c', path: '/f', format: 'json', scope: 'user', selectors: [] } as const;

function points(value: unknown): boolean | undefined {
  const part = { kind: 'server', path: ['s'], pointer: '/s', name: 's', value } as const;
  const [entry] = readServers(FILE, [part]);
  return entry && pointsAtGateway(entry, ['http://127.0.0.1:3232', 'https://mcp.example.com/gate']);
}

it.each([
  { url: 'http://localhost:3232/servers/x/mcp' },
  { url: 'https://mcp.example.com/mcp' },
  { command: 'gateward', args: ['connect', 'http://[::1]:3232/mcp'] },
  { command: 'npx', args: ['-y', 'gateward@0.1.0', 'connect', '-H', 'A: b', 'http://127.0.0.1:3232'] },
  { command: ['/usr/bin/gateward', 'connect', 'http://127.0.0.1:3232'] },
])('knows %j as the gateway', (value) => {
  expect(points(value)).toBe(true);
});

it.each([
  { url: 'http://localhost:3233/mcp' },
  { url: 'https://mcp.example.com.evil.example/mcp' },
  { url: 'https://mcp.example.com@evil.example/' },
  { url: 'no url' },
  { command: 'gateward', args: ['connect', 'https://evil.example'] },
  { command: 'sh', args: ['-c', 'evil', 'connect', 'http://127.0.0.1:3232'] },
  { command: '/tmp/evil-gateward', args: ['connect', 'http://127.0.0.1:3232'] },
  {},
])('does not take %j for the gateway', (value) => {
  expect(points(value)).toBe(false);
});

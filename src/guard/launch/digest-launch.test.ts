import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ApprovedLaunch, canonicalLaunch, digestLaunch } from './digest-launch.ts';

const digestOf = (launch: ApprovedLaunch): string => digestLaunch(launch).digest;

const LAUNCH: ApprovedLaunch = {
  command: 'npx',
  binary: { path: '/usr/lib/npm/bin/npx-cli.js', sha256: 'ab'.repeat(32) },
  args: ['-y', 'files-mcp@1.2.3', '/srv/docs'],
  env: [
    { name: 'FILES_MODE', value: 'read' },
    { name: 'FILES_TOKEN', secret: '${FILES_TOKEN}' },
  ],
  cwd: undefined,
};

const CHANGES: Readonly<Record<string, Partial<ApprovedLaunch>>> = {
  'the command': { command: 'bunx' },
  'the path of the program': { binary: { ...LAUNCH.binary, path: '/usr/bin/npx' } },
  'the bytes of the program': { binary: { ...LAUNCH.binary, sha256: 'cd'.repeat(32) } },
  'an argument': { args: ['-y', 'files-mcp@1.2.3', '/srv'] },
  'the order of arguments': { args: ['files-mcp@1.2.3', '-y', '/srv/docs'] },
  'where an argument ends': { args: ['-y', 'files-mcp@1.2.3 /srv/docs'] },
  'the name of a variable': { env: [{ name: 'FILES_MODES', value: 'read' }, ...LAUNCH.env.slice(1)] },
  'the value of a variable': { env: [{ name: 'FILES_MODE', value: 'write' }, ...LAUNCH.env.slice(1)] },
  'where a secret comes from': {
    env: [...LAUNCH.env.slice(0, 1), { name: 'FILES_TOKEN', secret: '${ROOT_TOKEN}' }],
  },
  'a secret that becomes plain': {
    env: [...LAUNCH.env.slice(0, 1), { name: 'FILES_TOKEN', value: '${FILES_TOKEN}' }],
  },
  'one variable less': { env: LAUNCH.env.slice(1) },
  'the working directory': { cwd: '/srv' },
  'a sandbox': { sandbox: { write: [], hide: [], hosts: [], ifMissing: 'refuse' } },
};

describe('the digest of a launch', () => {
  it('changes with each part of a sandbox', () => {
    const sandbox = { write: [], hide: [], hosts: [], ifMissing: 'refuse' } as const;
    const changes = [{ write: ['/srv'] }, { hide: ['/srv'] }, { hosts: ['example.com'] }];
    const profiles = [sandbox, ...changes.map((change) => ({ ...sandbox, ...change }))];
    const open = { ...sandbox, ifMissing: 'start-without-sandbox' as const };
    const digests = [...profiles, open].map((profile) => digestOf({ ...LAUNCH, sandbox: profile }));
    expect(new Set(digests).size).toBe(5);
  });

  it.each(Object.entries(CHANGES))('changes with %s', (_, change) => {
    expect(digestOf({ ...LAUNCH, ...change })).not.toBe(digestOf(LAUNCH));
  });

  it('does not change with the order of the variables', () => {
    expect(digestOf({ ...LAUNCH, env: LAUNCH.env.toReversed() })).toBe(digestOf(LAUNCH));
  });

  it('is SHA-256 over canonical JSON', () => {
    expect(digestOf(LAUNCH)).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(canonicalLaunch({ ...LAUNCH, env: [] })).toBe(
      `{"args":["-y","files-mcp@1.2.3","/srv/docs"],"binary":{"path":"/usr/lib/npm/bin/npx-cli.js","sha256":"${'ab'.repeat(32)}"},"command":"npx","cwd":null,"env":{},"form":1}`,
    );
  });

  it('refuses a variable that stands twice', () => {
    const env = [...LAUNCH.env, { name: 'FILES_MODE', value: 'write' }];
    expect(() => digestOf({ ...LAUNCH, env })).toThrow(TypeError);
  });

  it('is the same for two lists of arguments only if they are the same', () => {
    const args = fc.array(fc.string({ unit: fc.constantFrom('a', '"', ',', '\\', ' ', '[', ']') }), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(args, args, (a, b) => {
        const isSame = digestOf({ ...LAUNCH, args: a }) === digestOf({ ...LAUNCH, args: b });
        expect(isSame).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });
});

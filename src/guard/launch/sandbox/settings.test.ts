import { describe, expect, it } from 'vitest';
import { isInside, type SettingsParts, sandboxSettings } from './settings.ts';

const PARTS: SettingsParts = {
  profile: {
    write: ['/srv/out'],
    hide: ['/home/it', '/etc/shadow'],
    hosts: ['api.example.com', '*.example.org'],
  },
  privateFolder: '/var/lib/gateward/run/files',
  hidden: ['/var/lib/gateward', '/etc/gateward.yaml'],
  temporary: ['/tmp'],
  needed: ['/usr/bin/node', '/tmp/box/s'],
  programs: { bwrap: '/usr/bin/bwrap', socat: '/usr/bin/socat', rg: '/usr/bin/rg' },
};

const paths = (list: readonly { readonly path: string }[]): string[] => list.map(({ path }) => path);

describe('the settings of a sandbox', () => {
  it('close what is temporary, what is the gateway’s own and what the profile hides', () => {
    expect(paths(sandboxSettings(PARTS).filesystem.denyRead)).toEqual([
      '/tmp',
      '/var/lib/gateward',
      '/etc/gateward.yaml',
      '/home/it',
      '/etc/shadow',
    ]);
  });

  it('open what is needed to start, and to writing the private folder and those of the profile alone', () => {
    const { allowRead, allowWrite } = sandboxSettings(PARTS).filesystem;
    expect(paths(allowWrite)).toEqual(['/var/lib/gateward/run/files', '/srv/out']);
    expect(paths(allowRead)).toEqual([
      '/usr/bin/node',
      '/tmp/box/s',
      '/var/lib/gateward/run/files',
      '/srv/out',
    ]);
  });

  it('refuse writing to what is hidden, but not above what may be written', () => {
    const { denyWrite } = sandboxSettings(PARTS).filesystem;
    expect(paths(denyWrite)).toEqual(['/etc/gateward.yaml', '/home/it', '/etc/shadow']);
  });

  it('take each path as it stands, whatever characters are in it', () => {
    const { filesystem } = sandboxSettings({
      ...PARTS,
      profile: { ...PARTS.profile, write: ['/srv/[a]*?'] },
    });
    expect(filesystem.allowWrite).toContainEqual({ path: '/srv/[a]*?', literal: true });
  });

  it('let through the hosts that are named', () => {
    expect(sandboxSettings(PARTS).network).toEqual({
      allowedDomains: ['api.example.com', '*.example.org'],
      deniedDomains: [],
    });
  });

  it('name the programs, except where the system has its own sandbox', () => {
    expect(sandboxSettings(PARTS)).toMatchObject({
      bwrapPath: '/usr/bin/bwrap',
      socatPath: '/usr/bin/socat',
      ripgrep: { command: '/usr/bin/rg' },
    });
    expect(Object.keys(sandboxSettings({ ...PARTS, programs: undefined }))).toEqual([
      'network',
      'filesystem',
    ]);
  });
});

it.each([
  ['/a', '/a', true],
  ['/a/b', '/a', true],
  ['/ab', '/a', false],
  ['/a', '/', true],
  ['/a', '/a/b', false],
])('whether %s is inside %s: %s', (path, folder, is) => {
  expect(isInside(path, folder)).toBe(is);
});

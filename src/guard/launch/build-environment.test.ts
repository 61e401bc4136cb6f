import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { buildEnvironment } from './build-environment.ts';

const OWN = {
  PATH: '/home/me/bin',
  LC_TIME: 'C',
  npm_config_registry: 'r',
  npm_lifecycle_event: 'start',
  NODE_OPTIONS: '--x',
  LD_PRELOAD: '/x.so',
  SHELL: '/bin/zsh',
  GATEWARD_SECRET: 's',
  AWS_SECRET_ACCESS_KEY: 's',
  HOME: '/root',
};

it('a process gets what it needs to find its way, what is configured, and nothing else', () => {
  const env = buildEnvironment({
    own: OWN,
    configured: { HOME: '/h', npm_config_registry: 'mine' },
    program: '/opt/notes/bin/notes',
  });
  expect(env).toEqual({
    LC_TIME: 'C',
    HOME: '/h',
    npm_config_registry: 'mine',
    PATH: expect.any(String),
  });
});

it('its PATH is made of the folders of the program, of Node and of the system', () => {
  const { PATH } = buildEnvironment({ own: OWN, configured: {}, program: '/opt/notes/bin/notes' });
  const [first, second, ...rest] = PATH?.split(':') ?? [];
  expect([first, second]).toEqual(['/opt/notes/bin', dirname(process.execPath)]);
  expect(rest).toContain('/usr/bin');
  expect(PATH).not.toContain('/home/me/bin');
});

it('a PATH of the configuration is kept as it is', () => {
  const { PATH } = buildEnvironment({ own: OWN, configured: { PATH: '/mine' }, program: '/usr/bin/x' });
  expect(PATH).toBe('/mine');
});

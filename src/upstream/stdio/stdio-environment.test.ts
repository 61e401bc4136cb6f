import { expect, it } from 'vitest';
import { childEnvironment } from './stdio-environment.ts';

it('a process gets what it needs to find its way, what is configured, and nothing else', () => {
  const own = {
    PATH: '/bin',
    LC_TIME: 'C',
    Path: 'C:\\',
    npm_config_registry: 'r',
    npm_lifecycle_event: 'start',
    NODE_OPTIONS: '--x',
    GATEWARD_SECRET: 's',
    AWS_SECRET_ACCESS_KEY: 's',
    HOME: '/root',
  };
  expect(childEnvironment(own, { HOME: '/h', npm_config_registry: 'mine' })).toEqual({
    PATH: '/bin',
    LC_TIME: 'C',
    Path: 'C:\\',
    HOME: '/h',
    npm_config_registry: 'mine',
  });
});

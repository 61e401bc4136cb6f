import { expect, it } from 'vitest';
import { readEnvironment } from './env.ts';

it('reads what the gateway uses, the lower case of proxy variables first', () => {
  const env = readEnvironment({
    GATEWARD_SECRET: 's'.repeat(32),
    GATEWARD_SECRET_PREVIOUS: 'p'.repeat(32),
    GATEWARD_KEY: 'gwk_x',
    GATEWARD_CONFIG: '/etc/gateward.yaml',
    HTTP_PROXY: 'http://upper',
    http_proxy: 'http://lower',
    HTTPS_PROXY: 'http://secure',
    https_proxy: '',
    no_proxy: 'x',
  });
  expect(env.secret).toBe('s'.repeat(32));
  expect([env.previousSecret, env.key]).toEqual(['p'.repeat(32), 'gwk_x']);
  expect(env.configFile).toBe('/etc/gateward.yaml');
  expect(env.proxy).toEqual({ http: 'http://lower', https: 'http://secure', all: undefined, none: 'x' });
});

it('keeps its own secrets out of the variables that substitution and children see', () => {
  const env = readEnvironment({
    GATEWARD_SECRET: 'secret',
    GATEWARD_SECRET_PREVIOUS: 'older',
    GATEWARD_KEY: 'gwk_',
    HOME: '/home/me',
  });
  expect({ ...env.variables }).toEqual({ HOME: '/home/me' });
});

it('takes an empty variable as absent, but leaves it to substitution', () => {
  const env = readEnvironment({ GATEWARD_SECRET: '', GATEWARD_CONFIG: '', EMPTY: '' });
  expect([env.secret, env.configFile, env.variables['EMPTY']]).toEqual([undefined, undefined, '']);
});

it('is frozen', () => {
  const env = readEnvironment({});
  expect([env, env.proxy, env.variables].every(Object.isFrozen)).toBe(true);
});

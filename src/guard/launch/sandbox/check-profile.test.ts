import { describe, expect, it } from 'vitest';
import { faultOfProfile } from './check-profile.ts';

const BOUNDS = {
  dataDir: '/var/lib/gateward',
  hidden: ['/var/lib/gateward', '/etc/gateward.yaml'],
  outside: ['/usr/bin/node', '/opt/gateward/node_modules/runtime', '/opt/gateward/dist'],
};
const faultOf = (write: string[], hosts: string[] = []) => faultOfProfile({ write, hosts }, BOUNDS);

describe('a profile of a sandbox', () => {
  it.each(['/srv/out', '/etc', '/opt/gateward/examples', '/var/lib/gateward2'])(
    'may write to %s',
    (folder) => {
      expect(faultOf([folder])).toBeUndefined();
    },
  );

  it.each([
    '/',
    '/var/lib',
    '/var/lib/gateward',
    '/var/lib/gateward/run/other',
    '/etc/gateward.yaml',
    '/usr',
    '/usr/bin/node',
    '/opt/gateward',
    '/opt/gateward/dist',
    '/opt/gateward/dist/cli',
    '/opt/gateward/node_modules/runtime/vendor',
  ])('may not write to %s, from where it would be out of its sandbox', (folder) => {
    expect(faultOf(['/srv/out', folder])).toContain(`sandbox.write names ${folder}, but `);
  });

  it.each([
    'api.github.com',
    '*.github.com',
    'github.com:443',
    '192.168.1.5',
    '192.168.1.5:8080',
    '[2001:db8::1]:443',
    'metadata.example.com',
  ])('may connect to %s', (host) => {
    expect(faultOf([], [host])).toBeUndefined();
  });

  it.each([
    'localhost',
    'localhost:80',
    '*.app.localhost',
    '127.0.0.1',
    '127.8.8.8:3000',
    '0.0.0.0',
    '0x7f.0.0.1',
    '127.0.0.1.',
    '169.254.169.254',
    '100.100.100.200:80',
    '[::1]',
    '[::1]:80',
    '[::ffff:127.0.0.1]',
    '[fe80::1]',
    '[fd00:ec2::254]',
  ])('may not connect to %s, which is this machine or its cloud', (host) => {
    expect(faultOf([], ['api.github.com', host])).toContain(`sandbox.hosts names ${host}`);
  });

  it.each([
    '*',
    '*.com',
    'https://a.example',
    'a.example/x',
    'intranet',
    'a..b',
    '2001:db8::1',
    'a.example:0',
    ' ',
  ])('may not connect to "%s", which is no host', (host) => {
    expect(faultOf([], [host])).toContain(`sandbox.hosts names ${host}, which is neither`);
  });
});

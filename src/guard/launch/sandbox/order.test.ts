import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { environmentInside, type Order, packOrder, unpackOrder } from './order.ts';

const text = fc.string({ unit: 'binary' });
const orders: fc.Arbitrary<Order> = fc.record({
  file: text,
  argv0: text,
  args: fc.array(text),
  env: fc.dictionary(text, text, { noNullPrototype: true }),
  cwd: text,
  online: fc.boolean(),
});
const ORDER: Order = { file: '/bin/a', argv0: 'a', args: [], env: { A: '1' }, cwd: '/', online: false };

describe('an order', () => {
  it('is unpacked as it was packed, whatever its texts hold', () => {
    fc.assert(
      fc.property(orders, (order) => {
        expect(unpackOrder(packOrder(order))).toEqual(order);
      }),
    );
  });

  it('of any length fits into variables that a system takes', () => {
    const order = { ...ORDER, args: ['é'.repeat(400_000)] };
    const packed = packOrder(order);
    for (const [name, value] of Object.entries(packed)) {
      expect(name.length + value.length).toBeLessThan(131_072);
    }
    expect(unpackOrder(packed)).toEqual(order);
  });

  it('travels in letters that no shell reads anything into', () => {
    fc.assert(
      fc.property(orders, (order) => {
        expect(Object.values(packOrder(order)).join('')).toMatch(/^[A-Za-z0-9+/=]+$/);
      }),
    );
  });

  it.each([[{}], [{ GATEWARD_ORDER_0: 'e30=' }], [{ GATEWARD_ORDER_0: '!' }]])('is not %o', (variables) => {
    expect(() => unpackOrder(variables)).toThrow();
  });
});

describe('the environment inside', () => {
  const around = {
    HTTPS_PROXY: 'http://t@localhost:3128',
    https_proxy: 'http://t@localhost:3128',
    NO_PROXY: '10.0.0.0/8',
    GATEWARD_ORDER_0: 'x',
    HOME: '/outside',
    SANDBOX_RUNTIME: '1',
  };

  it('is that of the order alone where there is no network', () => {
    expect(environmentInside(ORDER, around)).toEqual({ A: '1' });
  });

  it('names the proxy where there is one, and that wins over a proxy of the order', () => {
    const env = { A: '1', HTTPS_PROXY: 'http://elsewhere', NODE_USE_ENV_PROXY: '0' };
    expect(environmentInside({ ...ORDER, env, online: true }, around)).toEqual({
      A: '1',
      HTTPS_PROXY: 'http://t@localhost:3128',
      https_proxy: 'http://t@localhost:3128',
      NODE_USE_ENV_PROXY: '0',
      GIT_CONFIG_PARAMETERS: "'http.proxyAuthMethod=basic'",
      NO_PROXY: 'localhost,127.0.0.1,::1',
      no_proxy: 'localhost,127.0.0.1,::1',
    });
  });
});

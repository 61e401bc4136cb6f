import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressBlock } from './address-block.ts';

describe('addressBlock', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:2::1', '2001:db8:1:2::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['', ''],
  ])('of %j is %j', (address, block) => expect(addressBlock(address)).toBe(block));

  it('is the same for two addresses exactly when they share 64 bits', () => {
    // A few values only, so that equal halves come up.
    const group = fc.constantFrom('0', '1', 'ab', 'ffff');
    const address = fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(':'));
    fc.assert(
      fc.property(address, address, (a, b) => {
        const network = new BlockList();
        network.addSubnet(a, 64, 'ipv6');
        expect(addressBlock(a) === addressBlock(b)).toBe(network.check(b, 'ipv6'));
      }),
    );
  });
});

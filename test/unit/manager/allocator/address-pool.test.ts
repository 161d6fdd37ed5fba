import assert from 'node:assert/strict';
import fc from 'fast-check';
import { chooseAddress, chooseSubnet } from '../../../../src/manager/allocator/address-pool.ts';
import {
  formatAddress,
  formatCidr,
  macOf,
  overlaps,
  parseAddress,
  parseCidr,
} from '../../../../src/manager/allocator/ipv4.ts';

const subnet = (text: string): NonNullable<ReturnType<typeof parseCidr>> => {
  const range = parseCidr(text);
  assert.ok(range !== undefined);
  return range;
};

describe('the choice of a subnet', () => {
  it('begins with the first of the pools and goes on after the last one', () => {
    assert.equal(chooseSubnet([], null), '172.28.0.0/24');
    assert.equal(chooseSubnet(['172.28.0.0/24'], '172.28.0.0/24'), '172.28.1.0/24');
    assert.equal(chooseSubnet([], '172.28.0.0/24'), '172.28.1.0/24');
  });

  it('avoids routes of the host, but not its default route', () => {
    assert.equal(chooseSubnet(['0.0.0.0/0', '172.28.0.0/16', '172.29.0.0/23'], null), '172.29.2.0/24');
  });

  it('begins anew at the end, and finds nothing when all is taken', () => {
    assert.equal(chooseSubnet(['10.0.0.0/24'], '10.0.1.0/24', ['10.0.0.0/23']), '10.0.1.0/24');
    assert.equal(chooseSubnet(['10.0.0.0/8'], null, ['10.0.0.0/16']), undefined);
  });

  it('never overlaps what is taken', () => {
    const cidr = fc
      .tuple(fc.nat(0xffffffff), fc.integer({ min: 8, max: 32 }))
      .map(([address, prefix]) => `${formatAddress(address)}/${prefix}`);
    fc.assert(
      fc.property(fc.array(cidr), (taken) => {
        const chosen = chooseSubnet(taken, null);
        if (chosen !== undefined) for (const text of taken) assert.equal(overlaps(subnet(chosen), subnet(text)), false);
      }),
    );
  });
});

describe('the choice of an address', () => {
  const net = subnet('10.0.0.0/29');
  const address = (text: string): number => parseAddress(text) ?? 0;

  it('takes the next one, never the first or last of the subnet', () => {
    const taken = new Set<number>();
    const chosen: string[] = [];
    let last: number | null = null;
    for (let next = chooseAddress(net, taken, last); next !== undefined; next = chooseAddress(net, taken, last)) {
      chosen.push(formatAddress(next));
      taken.add(next);
      last = next;
    }
    assert.deepEqual(chosen, ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6']);
  });

  it('takes a freed one only after all others', () => {
    assert.equal(chooseAddress(net, new Set(), address('10.0.0.5')), address('10.0.0.6'));
    assert.equal(chooseAddress(net, new Set([address('10.0.0.6')]), address('10.0.0.5')), address('10.0.0.1'));
  });

  it('keeps to the range that the file gives', () => {
    const range = subnet('10.0.0.4/31');
    assert.equal(chooseAddress(net, new Set(), null, range), address('10.0.0.4'));
    assert.equal(chooseAddress(net, new Set([4, 5].map((n) => address(`10.0.0.${n}`))), null, range), undefined);
  });
});

describe('IPv4 texts', () => {
  it('are read and written back the same', () => {
    fc.assert(fc.property(fc.nat(0xffffffff), (value) => assert.equal(parseAddress(formatAddress(value)), value)));
    assert.equal(formatCidr(subnet('10.1.2.3/16')), '10.1.0.0/16');
    assert.equal(macOf(parseAddress('172.28.0.10') ?? 0), '02:42:ac:1c:00:0a');
  });

  it('are refused when malformed', () => {
    for (const text of ['', '1.2.3', '1.2.3.256', '1.2.3.4.5', 'a.b.c.d', '1.2.3.4/24'])
      assert.equal(parseAddress(text), undefined);
    for (const text of ['', '10.0.0.0', '10.0.0.0/33', '10.0.0.0/x', '::/0']) assert.equal(parseCidr(text), undefined);
  });
});

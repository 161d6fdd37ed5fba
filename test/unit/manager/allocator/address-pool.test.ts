import assert from 'node:assert/strict';
import fc from 'fast-check';
import { chooseAddress, chooseSubnet, uniqueLocalPool } from '../../../../src/manager/allocator/address-pool.ts';
import { formatAddress, formatCidr, macOf, overlaps, parseAddress, parseCidr } from '../../../../src/model/ip-range.ts';

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
    assert.equal(
      chooseSubnet(['10.0.0.0/24'], '10.0.1.0/24', [{ range: '10.0.0.0/23', subnetPrefix: 24 }]),
      '10.0.1.0/24',
    );
    assert.equal(chooseSubnet(['10.0.0.0/8'], null, [{ range: '10.0.0.0/16', subnetPrefix: 24 }]), undefined);
  });

  it('never overlaps what is taken', () => {
    const cidr = fc
      .tuple(fc.nat(0xffffffff), fc.integer({ min: 8, max: 32 }))
      .map(([address, prefix]) => `${formatAddress({ family: 4, value: BigInt(address) })}/${prefix}`);
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
  const address = (text: string): bigint => parseAddress(text)?.value ?? 0n;

  it('takes the next one, never the first or last of the subnet', () => {
    const taken = new Set<bigint>();
    const chosen: string[] = [];
    let last: bigint | null = null;
    for (let next = chooseAddress(net, taken, last); next !== undefined; next = chooseAddress(net, taken, last)) {
      chosen.push(formatAddress(next));
      taken.add(next.value);
      last = next.value;
    }
    assert.deepEqual(chosen, ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6']);
  });

  it('takes a freed one only after all others', () => {
    assert.equal(chooseAddress(net, new Set(), address('10.0.0.5'))?.value, address('10.0.0.6'));
    assert.equal(chooseAddress(net, new Set([address('10.0.0.6')]), address('10.0.0.5'))?.value, address('10.0.0.1'));
  });

  it('keeps to the range that the file gives', () => {
    const range = subnet('10.0.0.4/31');
    assert.equal(chooseAddress(net, new Set(), null, range)?.value, address('10.0.0.4'));
    assert.equal(chooseAddress(net, new Set([4, 5].map((n) => address(`10.0.0.${n}`))), null, range), undefined);
  });
});

describe('unique local subnets', () => {
  it('differ from cluster to cluster, and follow one another', () => {
    const pool = uniqueLocalPool('node-a');
    assert.match(pool.range, /^fd[\da-f]{2}:[\da-f]{4}:[\da-f]{4}::\/48$/);
    assert.notEqual(pool.range, uniqueLocalPool('node-b').range);
    const first = chooseSubnet([], null, [pool]) ?? '';
    assert.equal(first, formatCidr({ ...subnet(pool.range), prefix: 64 }));
    assert.equal(chooseSubnet([first], first, [pool]), first.replace('::/64', ':1::/64'));
  });

  it('avoid routes of the host, of that family alone', () => {
    const pool = { range: 'fd00::/48', subnetPrefix: 64 };
    assert.equal(chooseSubnet(['fd00::/63', '0.0.0.0/1', '::/0'], null, [pool]), 'fd00:0:0:2::/64');
  });

  it('have no broadcast address, and a first one for routers', () => {
    const net = subnet('fd00::/126');
    const chosen = [0n, 1n, 2n].map((after) => chooseAddress(net, new Set(), net.first + after)?.value);
    assert.deepEqual(chosen, [net.first + 1n, net.first + 2n, net.last]);
  });
});

describe('texts of addresses', () => {
  it('are read and written back the same', () => {
    const anyAddress = fc.oneof(
      fc.bigInt(0n, 0xffffffffn).map((value) => ({ family: 4 as const, value })),
      fc.bigInt(0n, (1n << 128n) - 1n).map((value) => ({ family: 6 as const, value })),
    );
    fc.assert(fc.property(anyAddress, (value) => assert.deepEqual(parseAddress(formatAddress(value)), value)));
    assert.equal(formatCidr(subnet('10.1.2.3/16')), '10.1.0.0/16');
    assert.equal(formatCidr(subnet('fd00:0:0:1:2::3/64')), 'fd00:0:0:1::/64');
    assert.equal(parseAddress('::ffff:1.2.3.4')?.value, 0xffff01020304n);
  });

  it('give MAC addresses', () => {
    const mac = (text: string): string => macOf(parseAddress(text) ?? assert.fail(text));
    assert.equal(mac('172.28.0.10'), '02:42:ac:1c:00:0a');
    assert.equal(mac('fd00::1:a'), '02:42:00:01:00:0a');
  });

  it('are refused when malformed', () => {
    for (const text of ['', '1.2.3', '1.2.3.256', '1.2.3.4.5', 'a.b.c.d', '1.2.3.4/24', ':::', '1::2::3', 'fe80::1%lo'])
      assert.equal(parseAddress(text), undefined);
    for (const text of ['', '10.0.0.0', '10.0.0.0/33', '10.0.0.0/x', '::/129'])
      assert.equal(parseCidr(text), undefined);
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import {
  emptyNftPlan,
  nftTable,
  planNft,
  renderNft,
  renderNftChange,
} from '../../../../../agents/host/networks/nft-plan.ts';
import type { NftNetwork, NftPlan, NftPublication } from '../../../../../agents/host/networks/nft-plan.ts';
import { readBridgeOptions } from '../../../../../src/model/bridge-options.ts';

const table = nftTable('00c0ffee');
const front: NftNetwork = {
  bridge: 'ts-front',
  subnets: ['172.30.1.0/24'],
  internal: false,
  options: readBridgeOptions({}),
};
const vault: NftNetwork = {
  bridge: 'ts-vault',
  subnets: ['172.30.2.0/24'],
  internal: true,
  options: readBridgeOptions({}),
};
const web: NftPublication = { protocol: 'tcp', hostIp: '0.0.0.0', port: 8080, address: '172.30.1.5', target: 80 };

type Sets = Map<string, Map<string, string>>;

function setsOf(plan: NftPlan): Sets {
  return new Map(
    Object.entries(plan).map(([name, elements]) => [
      name,
      new Map(elements.map((element) => [element.split(' : ')[0] ?? '', element])),
    ]),
  );
}

/** What the kernel does with a script of `add element` and `delete element` lines. */
function apply(sets: Sets, script: string): Sets {
  for (const line of script.split('\n').filter((text) => text !== '')) {
    const match = /^(add|delete) element inet tsstack-00c0ffee (\w+) \{ (.*) \}$/.exec(line);
    assert.ok(match !== null, line);
    const [, verb = '', name = '', list = ''] = match;
    const elements = sets.get(name) ?? assert.fail(`no set ${name}`);
    for (const element of list.split(', ')) {
      const key = element.split(' : ')[0] ?? '';
      if (verb === 'delete') assert.ok(elements.delete(key), `deleted what is there: ${line}`);
      else {
        assert.ok(!elements.has(key), `added what is not there: ${line}`);
        elements.set(key, element);
      }
    }
  }
  return sets;
}

describe('nftables plan', () => {
  it('lets nothing out of an internal network and masquerades the others', () => {
    const plan = planNft([front, vault], []);
    assert.deepEqual(plan.outbound, ['172.30.1.0/24']);
    assert.deepEqual(plan.internal, ['"ts-vault"']);
    assert.deepEqual(plan.bridges, ['"ts-front"', '"ts-vault"']);
  });

  it('maps a port at every address apart from one at a single address', () => {
    const plan = planNft([front], [web, { ...web, protocol: 'udp', hostIp: '127.0.0.1' }]);
    assert.deepEqual(plan.published, ['tcp . 8080 : 172.30.1.5 . 80']);
    assert.deepEqual(plan.published_at, ['127.0.0.1 . udp . 8080 : 172.30.1.5 . 80']);
  });

  it('replaces the whole table in one transaction', () => {
    const script = renderNft(table, planNft([front], [web]));
    assert.match(
      script,
      /^table inet tsstack-00c0ffee\ndelete table inet tsstack-00c0ffee\ntable inet tsstack-00c0ffee \{/,
    );
    assert.match(script, /add element inet tsstack-00c0ffee published \{ tcp \. 8080 : 172\.30\.1\.5 \. 80 \}/);
  });

  it('leaves no table behind when there are no networks', () => {
    const nothing = 'table inet tsstack-00c0ffee\ndelete table inet tsstack-00c0ffee\n';
    assert.equal(renderNft(table, emptyNftPlan), nothing);
    assert.equal(renderNftChange(table, planNft([front], [web]), emptyNftPlan), nothing);
  });

  it('changes one element for one port', () => {
    const before = planNft([front], []);
    const after = planNft([front], [web]);
    assert.equal(
      renderNftChange(table, before, after),
      'add element inet tsstack-00c0ffee published { tcp . 8080 : 172.30.1.5 . 80 }\n',
    );
    assert.equal(
      renderNftChange(table, after, before),
      'delete element inet tsstack-00c0ffee published { tcp . 8080 }\n',
    );
    assert.equal(renderNftChange(table, after, planNft([front], [web])), '');
  });

  it('gets from any state to any other', () => {
    const network = fc.nat({ max: 5 }).map((number) => ({
      bridge: `ts-${number}`,
      subnets: [`172.30.${number}.0/24`, `fd00:0:0:${number}::/64`],
      internal: number > 3,
      options: readBridgeOptions({}),
    }));
    const publication = fc.record({
      protocol: fc.constantFrom('tcp' as const, 'udp' as const),
      hostIp: fc.constantFrom('0.0.0.0', '127.0.0.1', '192.0.2.2'),
      port: fc.integer({ min: 8000, max: 8003 }),
      address: fc.constantFrom('172.30.1.5', '172.30.1.6'),
      target: fc.constantFrom(80, 81),
    });
    const plan = fc
      .tuple(
        fc.uniqueArray(network, { selector: ({ bridge }) => bridge, minLength: 1 }),
        fc.uniqueArray(publication, { selector: (p) => `${p.protocol}${p.hostIp}${p.port}` }),
      )
      .map(([networks, publications]) => planNft(networks, publications));
    fc.assert(
      fc.property(plan, plan, (before, after) => {
        assert.deepEqual(apply(setsOf(before), renderNftChange(table, before, after)), setsOf(after));
      }),
    );
  });
});

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
const web: NftPublication = {
  protocol: 'tcp',
  hostIp: '0.0.0.0',
  port: 8080,
  destinations: [{ address: '172.30.1.5', target: 80 }],
};

/** Elements of sets by their keys; the rules of chains, by their names, are in one of their own. */
type Sets = Map<string, Map<string, string>>;

function setsOf({ chains, ...sets }: NftPlan): Sets {
  const elements = Object.entries(sets).map(
    ([name, list]) => [name, new Map(list.map((element) => [element.split(' : ')[0] ?? '', element]))] as const,
  );
  return new Map([...elements, ['chains', new Map(chains)]]);
}

/** What the kernel does with a line about chains; false for others. A chain that is in use cannot go. */
function applyToChains(sets: Sets, line: string): boolean {
  const chains = sets.get('chains') ?? assert.fail('no chains');
  const match = /^(add|flush|delete) (chain|rule) inet tsstack-00c0ffee (\w+) ?(.*)$/.exec(line);
  const [, verb, kind, name = '', rule = ''] = match ?? [];
  if (match === null) return false;
  const isUsed = [...sets].some(([set, elements]) =>
    set === 'chains' ? false : [...elements.values()].some((element) => element.endsWith(`goto ${name}`)),
  );
  if (kind === 'rule') chains.set(name, rule);
  else if (verb === 'delete') assert.ok(!isUsed && chains.delete(name), line);
  else if (verb === 'add' && !chains.has(name)) chains.set(name, '');
  else if (verb === 'flush') assert.ok(chains.has(name), line);
  return true;
}

/** What the kernel does with a script of `add element` and `delete element` lines. */
function apply(sets: Sets, script: string): Sets {
  for (const line of script.split('\n').filter((text) => text !== '')) {
    if (applyToChains(sets, line)) continue;
    const match = /^(add|delete) element inet tsstack-00c0ffee (\w+) \{ (.*) \}$/.exec(line);
    assert.ok(match !== null, line);
    const [, verb = '', name = '', list = ''] = match;
    const elements = sets.get(name) ?? assert.fail(`no set ${name}`);
    for (const element of list.split(', ')) {
      const key = element.split(' : ')[0] ?? '';
      if (verb === 'delete') assert.ok(elements.delete(key), `deleted what is there: ${line}`);
      else {
        assert.ok(!elements.has(key), `added what is not there: ${line}`);
        const chain = /goto (\w+)$/.exec(element)?.[1];
        assert.ok(chain === undefined || sets.get('chains')?.has(chain), `leads to what is there: ${line}`);
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

  it('chooses among several destinations for each connection, and leads nowhere when there is none', () => {
    const both = { ...web, destinations: [...web.destinations, { address: '172.30.1.6', target: 81 }] };
    const plan = planNft([front], [both]);
    assert.deepEqual(plan.balanced, ['tcp . 8080 : goto to_tcp_8080_0_0_0_0']);
    assert.equal(
      plan.chains.get('to_tcp_8080_0_0_0_0'),
      'meta l4proto tcp dnat ip to numgen inc mod 2 map { 0 : 172.30.1.5 . 80, 1 : 172.30.1.6 . 81 }',
    );
    assert.deepEqual([plan.published, planNft([front], [{ ...web, destinations: [] }]).published], [[], []]);
  });

  it("gives what comes from an address that all hosts of a network have, the one that is this host's", () => {
    const span = { bridge: 'ts-front', addresses: ['172.30.1.101', 'fd00::65'], gateways: ['172.30.1.1', 'fd00::1'] };
    const { own, own6, shared, shared6 } = planNft([front], [], [], [span]);
    assert.deepEqual([own, own6], [['"ts-front" : 172.30.1.101'], ['"ts-front" : fd00::65']]);
    assert.deepEqual([shared, shared6], [['172.30.1.1'], ['fd00::1']]);
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
      destinations: fc.array(
        fc.record({ address: fc.constantFrom('172.30.1.5', '172.30.1.6'), target: fc.constantFrom(80, 81) }),
        { maxLength: 3 },
      ),
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

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { NativeError } from '../../../../../agents/host/native/native-error.ts';
import type { NetRequest } from '../../../../../agents/host/native/net-protocol.ts';
import { planNft } from '../../../../../agents/host/networks/nft-plan.ts';
import { RuleWriter } from '../../../../../agents/host/networks/rule-writer.ts';
import type { NetRequester, Rules } from '../../../../../agents/host/networks/rule-writer.ts';
import { readBridgeOptions } from '../../../../../src/model/bridge-options.ts';

function rules(...ports: readonly number[]): Rules {
  const network = { bridge: 'ts-front', subnets: ['172.30.1.0/24'], internal: false, options: readBridgeOptions({}) };
  const publications = ports.map((port) => ({
    protocol: 'tcp' as const,
    hostIp: '0.0.0.0',
    port,
    destinations: [{ address: '172.30.1.5', target: 80 }],
  }));
  return { plan: planNft([network], publications), bridges: ['ts-front'] };
}

class Harness {
  readonly requests: NetRequest[] = [];
  readonly warnings: string[] = [];
  saves = 0;
  failNext = false;
  readonly writer = new RuleWriter({
    table: 'inet tsstack-00c0ffee',
    request: ((request) => this.#answer(request)) as NetRequester,
    save: () => {
      this.saves += 1;
      return Promise.resolve();
    },
    warn: (message) => this.warnings.push(message),
  });

  get scripts(): readonly string[] {
    return this.requests.flatMap((request) => (request.op === 'nft' ? [request.script] : []));
  }

  #answer(request: NetRequest): Promise<object> {
    this.requests.push(request);
    if (this.failNext) {
      this.failNext = false;
      return Promise.reject(new NativeError({ code: 'network', message: 'no such table', errno: '', path: '' }));
    }
    return Promise.resolve({ warnings: request.op === 'guard' ? ['legacy'] : [] });
  }
}

describe('rule writer', () => {
  it('replaces the table first, whatever is there, and changes elements after that', async () => {
    const harness = new Harness();
    await harness.writer.write(rules(8080));
    await harness.writer.write(rules(8080, 8081));
    assert.match(harness.scripts[0] ?? '', /^table .*\ndelete table/);
    assert.match(harness.scripts[1] ?? '', /^add element \S+ \S+ published \{ tcp \. 8081 [^}]*\}\n$/);
  });

  it('makes one transaction of the changes of one turn', async () => {
    const harness = new Harness();
    await Promise.all([1, 2, 3].map((count) => harness.writer.write(rules(...[8080, 8081, 8082].slice(0, count)))));
    assert.equal(harness.scripts.length, 1);
    assert.match(harness.scripts[0] ?? '', /8082/);
    assert.equal(harness.saves, 1);
  });

  it('tells the guard only of other bridges, and passes its warnings on', async () => {
    const harness = new Harness();
    await harness.writer.write(rules(8080));
    await harness.writer.write(rules(8081));
    assert.equal(harness.requests.filter(({ op }) => op === 'guard').length, 1);
    assert.deepEqual(harness.warnings, ['legacy']);
  });

  it('replaces the table when a change of it fails', async () => {
    const harness = new Harness();
    await harness.writer.write(rules(8080));
    harness.failNext = true;
    await harness.writer.write(rules(8081));
    assert.match(harness.scripts.at(-1) ?? '', /^table .*\ndelete table/);
  });

  it('reports a failure of the replacement, and replaces again at the next write', async () => {
    const harness = new Harness();
    harness.failNext = true;
    await assert.rejects(harness.writer.write(rules(8080)), /no such table/);
    await harness.writer.write(rules(8080));
    assert.match(harness.scripts.at(-1) ?? '', /^table .*\ndelete table/);
  });
});

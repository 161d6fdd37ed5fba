import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { networkObject } from '../../../fixtures/objects.ts';
import { runCommand, TestIo } from '../../../support/command-io.ts';
import { FakeControl } from '../../../support/fake-control.ts';

describe('verbs on objects of no stack', () => {
  let fake: FakeControl;

  beforeEach(async () => {
    fake = await new FakeControl().start();
    fake.put(networkObject());
  });
  afterEach(() => fake.stop());

  const run = (...argv: readonly string[]) => runCommand(argv, new TestIo({ env: fake.env, cwd: fake.directory }));

  it('say what is wrong with what they are told, and what would be right', async () => {
    const wrong: readonly (readonly [string, RegExp])[] = [
      ['network create', /needs more arguments\nhint: usage: tsstack network create NAME \| ls/],
      ['volume create a b', /tsstack volume create takes no argument "b"\nhint: usage: /],
      [
        'network create --subnet 10.0.0.0/33 n',
        /--subnet "10\.0\.0\.0\/33" is no subnet\nhint: write it as 10\.5\.0\.0\/24/,
      ],
      ['network create --subnet fd00:5::/64 n', /--subnet fd00:5::\/64 has no effect without IPv6\nhint: add --ipv6/],
      ['network create --gateway 10.5.0.1 n', /--gateway 10\.5\.0\.1 is in no --subnet\nhint: /],
      ['network create --driver vlan n', /invalid value "vlan" for --driver\nhint: it takes bridge, overlay/],
      ['volume create --driver nfs v', /invalid value "nfs" for --driver\nhint: it takes local/],
      ['network inspect p_defalt', /no such network: p_defalt\nhint: did you mean "p_default"\?/],
      ['volume inspect other', /no such volume: other\nhint: see `tsstack volume ls`/],
      ['secret create big /dev/zero', /secret big: its content has more than 4194304 bytes\nhint: /],
      ['secret ls --all', /tsstack secret ls takes no --all\nhint: usage: /],
    ];
    for (const [words, message] of wrong) {
      const { code, stderr } = await run(...words.split(' '));
      assert.equal(code, 1, words);
      assert.match(stderr, message, words);
    }
    assert.deepEqual(fake.requestsOf('createObject'), []);
  });

  it('have in their help only what they have a use for', async () => {
    const [volumes, networks, secrets] = await Promise.all(
      ['volume', 'network', 'secret'].map(async (verb) => (await run(verb, '--help')).stdout),
    );
    assert.match(volumes ?? '', /--all +prune: named volumes too/);
    assert.doesNotMatch(`${networks}${secrets}`, /--all /);
    assert.match(networks ?? '', /--force +rm: .*; prune: ask nothing/);
    assert.doesNotMatch(secrets ?? '', /prune/);
  });
});

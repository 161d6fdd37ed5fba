import assert from 'node:assert/strict';
import { NetworkChanges } from '../../../../agents/host/tasks/network-changes.ts';

const network = { id: 'n', name: 'p_default' };

describe('a change of a network', () => {
  const said: string[] = [];
  const changes = (): NetworkChanges =>
    new NetworkChanges(
      (message) => said.push(message),
      () => 0,
    );
  beforeEach(() => void said.splice(0));

  it('that fails is tried again until it succeeds, and each reason is said once', async () => {
    const outcomes = ['no memory', 'no memory', 'busy', null];
    let tries = 0;
    await changes().make(network, async () => {
      const outcome = outcomes[tries++];
      if (outcome != null) throw new Error(outcome);
    });
    assert.equal(tries, 4);
    assert.deepEqual(said, ['network p_default: no memory', 'network p_default: busy']);
  });

  it('is given up for a newer one of the same network, not for one of another', async () => {
    const all = changes();
    const made: string[] = [];
    const begun = Promise.withResolvers<void>();
    const old = all.make(network, async () => {
      begun.resolve();
      throw new Error('no');
    });
    await begun.promise;
    await all.make({ id: 'm', name: 'p_other' }, async () => void made.push('other'));
    await all.make(network, async () => void made.push('newer'));
    await old;
    assert.deepEqual(made, ['other', 'newer']);
  });

  it('is left when the host ends', async () => {
    const all = changes();
    await all.make(network, async () => {
      all.stop();
      throw new Error('no');
    });
    assert.deepEqual(said, ['network p_default: no']);
  });
});

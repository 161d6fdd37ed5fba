import assert from 'node:assert/strict';
import { changeReasons } from '../../../../src/manager/orchestrators/replicated/change-reasons.ts';
import type { RestartSpec } from '../../../../src/model/spec.ts';
import { serviceSpec } from '../../../fixtures/specs.ts';

const never: RestartSpec = { policy: 'no', maxRetries: 0, supervision: null };
const thrice: RestartSpec = { policy: 'on-failure', maxRetries: 3, supervision: null };
const supervised: RestartSpec = { policy: 'always', maxRetries: 0, supervision: { delayMs: 5000, windowMs: 0 } };

function reasons(before: RestartSpec, after: RestartSpec): readonly string[] {
  return changeReasons(serviceSpec('web', { restart: before }), serviceSpec('web', { restart: after }));
}

describe('reasons for a new container', () => {
  it('say restart as the file does', () => {
    assert.deepEqual(reasons(never, thrice), ['restart: (none) -> "on-failure:3"']);
    assert.deepEqual(reasons(thrice, { ...thrice, policy: 'always', maxRetries: 0 }), [
      'restart: "on-failure:3" -> "always"',
    ]);
  });

  it('say deploy.restart_policy as the file does', () => {
    const added = '{"condition":"any","max_attempts":0,"delay":"5s","window":"0s"}';
    assert.deepEqual(reasons(never, supervised), [`deploy.restart_policy: (none) -> ${added}`]);
    const slower = { ...supervised, supervision: { delayMs: 7500, windowMs: 0 } };
    assert.deepEqual(reasons(supervised, slower), ['deploy.restart_policy.delay: "5s" -> "7.5s"']);
    const limited = { ...supervised, policy: 'on-failure', maxRetries: 2 } as const;
    assert.deepEqual(reasons(supervised, limited), [
      'deploy.restart_policy.condition: "any" -> "on-failure"',
      'deploy.restart_policy.max_attempts: 0 -> 2',
    ]);
    assert.deepEqual(reasons(thrice, supervised), [
      'restart: "on-failure:3" -> (none)',
      `deploy.restart_policy: (none) -> ${added}`,
    ]);
  });

  it('show durations with their unit', () => {
    const [before, after] = [serviceSpec('web'), serviceSpec('web')];
    const slower = { ...after, container: { ...after.container, stopGraceMs: 1500 } };
    assert.deepEqual(changeReasons({ ...before, container: { ...before.container, stopGraceMs: 1000 } }, slower), [
      'stop_grace_period: 1s -> 1.5s',
    ]);
  });
});

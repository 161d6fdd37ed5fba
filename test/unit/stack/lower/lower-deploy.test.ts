import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parseConstraint } from '../../../../src/stack/constraints.ts';
import { lowerDeploy, lowerRestartPolicy } from '../../../../src/stack/lower/lower-deploy.ts';
import { deploySpec } from '../../../fixtures/specs.ts';

const empty = { resources: {}, placement: {} };

describe('deploy of a service', () => {
  it('is that of a service without it where it says nothing', () => {
    assert.deepEqual(lowerDeploy('services.web', undefined), deploySpec());
    assert.deepEqual(lowerDeploy('services.web', empty), deploySpec());
  });

  it('reserves and places', () => {
    const deploy = {
      mode: 'global',
      resources: {
        reservations: {
          cpus: 0.5,
          memory: '1048576',
          generic_resources: [{ discrete_resource_spec: { kind: 'gpu', value: 2 } }],
        },
      },
      placement: {
        constraints: ['node.role=manager'],
        preferences: [{ spread: 'node.labels.zone' }],
        max_replicas_per_node: 3,
      },
    };
    assert.deepEqual(
      lowerDeploy('services.web', deploy),
      deploySpec({
        mode: 'global',
        placement: {
          constraints: [{ key: 'node.role', operator: '==', value: 'manager' }],
          spread: ['node.labels.zone'],
          maxReplicasPerNode: 3,
          architecture: null,
        },
        reservations: { cpus: 0.5, memoryBytes: 2 ** 20, generic: { gpu: 2 } },
      }),
    );
  });

  it('updates one after the other where update_config says nothing else', () => {
    const usual = {
      parallelism: 1,
      delayMs: 0,
      monitorMs: 5000,
      maxFailureRatio: 0,
      failureAction: 'pause',
      order: 'stop-first',
    };
    assert.deepEqual(lowerDeploy('services.web', { ...empty, update_config: {} }).update, usual);
    const rollback = lowerDeploy('services.web', {
      ...empty,
      rollback_config: { parallelism: 0, delay: '2s' },
    }).rollback;
    assert.deepEqual(rollback, { ...usual, parallelism: 0, delayMs: 2000 });
  });

  it('restarts whatever happened, after 5 s, where restart_policy says nothing else; a job only after a failure', () => {
    const usual = { policy: 'always', maxRetries: 0, supervision: { delayMs: 5000, windowMs: 0 } };
    assert.equal(lowerRestartPolicy(empty), undefined);
    assert.deepEqual(lowerRestartPolicy({ ...empty, restart_policy: {} }), usual);
    const job = lowerRestartPolicy({ ...empty, mode: 'replicated-job', restart_policy: {} });
    assert.deepEqual(job, { ...usual, policy: 'on-failure' });
    const policy = { condition: 'none', delay: '1s', max_attempts: 3, window: '1m' };
    assert.deepEqual(lowerRestartPolicy({ ...empty, restart_policy: policy }), {
      policy: 'no',
      maxRetries: 3,
      supervision: { delayMs: 1000, windowMs: 60_000 },
    });
  });

  it('has constraints about what nodes have', () => {
    assert.deepEqual(parseConstraint('node.labels.disk != slow one'), {
      key: 'node.labels.disk',
      operator: '!=',
      value: 'slow one',
    });
    for (const text of ['node.colour == red', 'node.role', 'node.role ==', 'node.role > 1', '== manager']) {
      assert.equal(parseConstraint(text), undefined, text);
    }
  });
});

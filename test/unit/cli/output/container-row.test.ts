import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { PublishedPort, TaskObject } from '../../../../src/model/objects.ts';
import {
  commandText,
  containerJson,
  containerState,
  isUp,
  portsText,
  statusText,
} from '../../../../src/cli/output/container-row.ts';
import { containerStatus, exitedStatus, taskObject, taskStatus } from '../../../fixtures/objects.ts';
import { serviceSpec } from '../../../fixtures/specs.ts';

const now = Date.parse('2026-01-01T00:05:00.000Z');
const web = (overrides: Partial<TaskObject>): TaskObject => taskObject('web', overrides);
const withContainer = (overrides: Parameters<typeof containerStatus>[0]): TaskObject =>
  web({ status: taskStatus({ container: containerStatus(overrides) }) });

describe('state and status of a container', () => {
  const cases: readonly (readonly [TaskObject, string, string])[] = [
    [web({}), 'running', 'Up 5 minutes'],
    [
      withContainer({ health: { state: 'healthy', failingStreak: 0, lastOutput: '' } }),
      'running',
      'Up 5 minutes (healthy)',
    ],
    [
      withContainer({ health: { state: 'starting', failingStreak: 0, lastOutput: '' } }),
      'running',
      'Up 5 minutes (health: starting)',
    ],
    [withContainer({ phase: 'stopping' }), 'running', 'Up 5 minutes'],
    [withContainer({ phase: 'paused' }), 'paused', 'Up 5 minutes (Paused)'],
    [
      withContainer({ phase: 'restarting', exitCode: 2, finishedAt: '2026-01-01T00:04:58.000Z' }),
      'restarting',
      'Restarting (2) 2 seconds ago',
    ],
    [web({ status: exitedStatus(3) }), 'exited', 'Exited (3) 5 minutes ago'],
    [
      web({ status: taskStatus({ state: 'preparing', container: null, message: 'pulls redis' }) }),
      'created',
      'Preparing (pulls redis)',
    ],
    [
      web({
        desired: 'ready',
        gate: { next: 'running', run: 1, message: 'waits for p-db-1 to be healthy', failed: false },
        status: taskStatus({ state: 'ready', container: containerStatus({ phase: 'created', startedAt: null }) }),
      }),
      'created',
      'Created (waits for p-db-1 to be healthy)',
    ],
    [
      web({
        status: taskStatus({
          state: 'rejected',
          container: null,
          error: { code: 'x', message: 'no image', hint: null },
        }),
      }),
      'exited',
      'Failed: no image',
    ],
    [web({ desired: 'remove' }), 'removing', 'Removal In Progress'],
    [web({ status: taskStatus({ state: 'orphaned' }) }), 'dead', 'Dead'],
  ];
  for (const [task, state, status] of cases) {
    it(status, () => {
      assert.equal(containerState(task), state);
      assert.equal(statusText(task, now), status);
    });
  }
});

describe('a container is up', () => {
  it('until its process has ended, whatever is wanted of it', () => {
    const stopping = taskStatus({ container: containerStatus({ phase: 'stopping' }) });
    assert.equal(isUp(web({ desired: 'stopped', status: stopping })), true);
    assert.equal(isUp(web({ desired: 'remove', status: stopping })), true);
    assert.equal(isUp(web({ desired: 'remove', status: exitedStatus(0) })), false);
    assert.equal(isUp(withContainer({ phase: 'created', startedAt: null })), false);
  });
});

describe('columns of ps', () => {
  const ports = [
    { target: 80, protocol: 'tcp', hostIp: '0.0.0.0', published: 8080 },
    { target: 80, protocol: 'tcp', hostIp: '::', published: 8080 },
  ] as const;

  it('ports: published ones, then what is only exposed', () => {
    const task = {
      ...withContainer({ ports }),
      spec: serviceSpec('web', { expose: ['80', '9000', '53/udp'] }),
    };
    assert.equal(portsText(task), '0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 9000/tcp, 53/udp');
    assert.equal(portsText(web({ status: { ...exitedStatus(0) } })), '');
  });

  it('shows ports that follow one another as a range, at each address', () => {
    const at = (hostIp: string, published: number, target: number): PublishedPort => ({
      hostIp,
      published,
      target,
      protocol: 'tcp',
    });
    const both = [8000, 8001, 8002].flatMap((port) => [at('0.0.0.0', port, port - 7920), at('::', port, port - 7920)]);
    const ports = [...both, at('0.0.0.0', 9000, 90), at('0.0.0.0', 9001, 90)];
    const task = web({ status: taskStatus({ container: containerStatus({ ports }) }) });
    const single = '0.0.0.0:9000->90/tcp, 0.0.0.0:9001->90/tcp';
    assert.equal(portsText(task), `0.0.0.0:8000-8002->80-82/tcp, ${single}, [::]:8000-8002->80-82/tcp`);
  });

  it('the command in quotes, cut to 20 characters', () => {
    const task = withContainer({ command: ['sh', '-c', 'echo "hello" to everybody'] });
    assert.equal(commandText(task, false), '"sh -c echo \\"hello\\" to everybody"');
    assert.equal(commandText(task, true), '"sh -c echo \\"hello\\" …"');
  });
});

describe('containerJson', () => {
  it('has exactly the fields of docker compose, ids cut unless told otherwise', () => {
    const task = web({ id: 'a'.repeat(64) });
    const json = containerJson(task, true, now);
    const fields =
      'Command CreatedAt ExitCode Health ID Image Labels LocalVolumes Mounts Name Names Networks Ports Project Publishers RunningFor Service Size State Status';
    assert.deepEqual(Object.keys(json).toSorted(), fields.split(' '));
    assert.equal(json['ID'], 'a'.repeat(12));
    assert.equal(containerJson(task, false, now)['ID'], task.id);
    assert.equal(json['CreatedAt'], '2026-01-01 00:00:00 +0000 UTC');
    assert.equal(json['RunningFor'], '5 minutes ago');
    assert.match(String(json['Labels']), /com\.docker\.compose\.service=web/);
    const never = containerStatus({ phase: 'exited', startedAt: null, exitCode: 137 });
    const stopped = web({ status: taskStatus({ state: 'shutdown', container: never }) });
    assert.equal(containerJson(stopped, true, now)['ExitCode'], 0, 'stopped before it was started');
  });
});

import assert from 'node:assert/strict';
import { actOnTasks } from '../../../../src/manager/stacks/act-on-tasks.ts';
import { ObjectIndex } from '../../../../src/manager/store/object-index.ts';
import type { TaskObject } from '../../../../src/model/objects.ts';
import type { ActOnTasksRequest } from '../../../../src/rpc/messages.ts';
import { exitedStatus, taskObject, taskStatus } from '../../../fixtures/objects.ts';
import { dependsOn, serviceSpec } from '../../../fixtures/specs.ts';

/** web -> db (restart: true) and cache, all running. */
const db = taskObject('db');
const cache = taskObject('cache');
const web = taskObject('web', {
  spec: serviceSpec('web', {
    dependsOn: { db: dependsOn('service_started', { restart: true }), cache: dependsOn('service_started') },
  }),
});

function act(
  tasks: readonly TaskObject[],
  request: Partial<ActOnTasksRequest> & { readonly action: string },
): readonly string[] {
  const index = new ObjectIndex();
  index.apply(tasks.map((after) => ({ before: null, after })));
  const defaults = {
    stack: 'p',
    services: [],
    noDeps: false,
    stopFirst: false,
    volumes: false,
    taskIds: [],
    stopGraceMs: null,
  };
  return actOnTasks(index, { ...defaults, ...request }).changes.map(({ object }) => {
    assert.ok(object.kind === 'task');
    const gate = object.gate === null ? '' : ` then ${object.gate.next}`;
    return `${object.containerName} ${object.desired} ${object.desiredRun}${gate}`;
  });
}

const stopped = (task: TaskObject): TaskObject => ({ ...task, desired: 'stopped', status: exitedStatus(0) });

describe('acting on containers', () => {
  it('stops dependants first', () => {
    assert.deepEqual(act([db, web], { action: 'stop' }), ['p-web-1 stopped 1', 'p-db-1 running 1 then stopped']);
  });

  it('stops only the named services, whoever depends on them', () => {
    assert.deepEqual(act([db, web], { action: 'stop', services: ['db'] }), ['p-db-1 stopped 1']);
  });

  it('leaves alone what is as wanted', () => {
    assert.deepEqual(act([stopped(db)], { action: 'stop' }), []);
    assert.deepEqual(act([db, web], { action: 'start' }), []);
  });

  it('answers with what waits for its turn to start already, perhaps in vain', () => {
    const gate = { next: 'running', run: 1, message: 'dependency failed to start', failed: true } as const;
    const waiting = { ...web, desired: 'ready', gate, status: taskStatus({ state: 'ready' }) } as const;
    const index = new ObjectIndex();
    index.apply([stopped(db), cache, waiting].map((after) => ({ before: null, after })));
    const rest = { noDeps: false, stopFirst: false, volumes: false, taskIds: [], stopGraceMs: null };
    const { result } = actOnTasks(index, { stack: 'p', action: 'start', services: ['web'], ...rest });
    assert.deepEqual(result.taskIds, [db.id, web.id]);
  });

  it('starts a service with its dependencies, and without them when told so', () => {
    const all = [db, cache, web].map(stopped);
    assert.deepEqual(act(all, { action: 'start', services: ['web'] }), [
      'p-db-1 running 2',
      'p-cache-1 running 2',
      'p-web-1 stopped 1 then running',
    ]);
    assert.deepEqual(act(all, { action: 'start', services: ['web'], noDeps: true }), ['p-web-1 running 2']);
  });

  it('takes a stop back that waits for its turn', () => {
    const waiting = { ...db, gate: { next: 'stopped', run: 1, message: '', failed: false } } as const;
    assert.deepEqual(act([waiting], { action: 'start' }), ['p-db-1 running 1']);
  });

  it('restarts the named ones and those that follow with restart: true', () => {
    assert.deepEqual(act([db, cache, web], { action: 'restart', services: ['db'] }), [
      'p-db-1 running 2',
      'p-web-1 stopped 1 then running',
    ]);
    assert.deepEqual(act([db, cache, web], { action: 'restart', services: ['cache'] }), ['p-cache-1 running 2']);
    assert.deepEqual(act([db, web], { action: 'restart', services: ['db'], noDeps: true }), ['p-db-1 running 2']);
  });

  it('restarts an exited container in place, and begins the first run of one that never ran', () => {
    assert.deepEqual(act([stopped(db)], { action: 'restart' }), ['p-db-1 running 2']);
    const created = { ...db, desired: 'ready', status: taskStatus({ state: 'ready', container: null }) } as const;
    assert.deepEqual(act([created], { action: 'restart' }), ['p-db-1 running 1']);
  });

  it('removes ended containers, and running ones only after a stop', () => {
    assert.deepEqual(act([stopped(db), web], { action: 'remove' }), ['p-db-1 remove 1']);
    assert.deepEqual(act([db, web], { action: 'remove', stopFirst: true }), [
      'p-web-1 remove 1',
      'p-db-1 running 1 then remove',
    ]);
  });

  it('does not touch one-offs, unless they are named by their id', () => {
    const oneOff = taskObject('web', {
      id: 'x',
      containerName: 'run',
      oneOff: { autoRemove: false, useAliases: false },
    });
    assert.deepEqual(act([oneOff], { action: 'stop' }), []);
    assert.deepEqual(act([oneOff], { action: 'stop', taskIds: ['x'] }), ['run stopped 1']);
  });

  it('says what does not exist', () => {
    assert.throws(() => act([db], { action: 'start', services: ['x'] }), {
      code: 'not-found',
      message: 'no such service: x',
    });
    assert.throws(() => act([db], { action: 'stop', taskIds: ['x'] }), { code: 'not-found' });
    assert.throws(() => act([db], { action: 'dance' }), { code: 'invalid' });
  });
});

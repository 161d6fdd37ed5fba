import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { placedJson, placedState, placedStatus } from '../../../../src/cli/output/placed-container.ts';
import type { NodeObject } from '../../../../src/model/objects.ts';
import { exitedStatus, nodeObject, taskObject } from '../../../fixtures/objects.ts';

const now = Date.parse('2026-01-01T00:05:00.000Z');
const nodes = (...all: readonly NodeObject[]): ReadonlyMap<string, NodeObject> =>
  new Map(all.map((node) => [node.id, node]));
const lost = nodeObject({ id: 'n1', hostname: 'host1', state: 'down', stateSince: '2026-01-01T00:04:50.000Z' });
const ready = nodeObject({ id: 'n2', hostname: 'host2' });

describe('a container on one of several hosts', () => {
  it('is unknown while nothing is heard of its host, unless it had ended before', () => {
    const web = taskObject('web', { nodeId: 'n1' });
    assert.equal(placedState(web, nodes(lost, ready)), 'unknown');
    assert.equal(placedStatus(web, nodes(lost, ready), now), 'Unknown since 10 seconds ago');
    const ended = taskObject('web', { nodeId: 'n1', status: exitedStatus(3) });
    assert.equal(placedState(ended, nodes(lost, ready)), 'exited');
    assert.equal(placedStatus(taskObject('web', { nodeId: 'n2' }), nodes(lost, ready), now), 'Up 5 minutes');
  });

  it('names its host in JSON, which a lone host does not', () => {
    const web = taskObject('web', { nodeId: 'n1' });
    const { Node, State, Status } = placedJson(web, nodes(lost, ready), true, now);
    assert.deepEqual([Node, State, Status], ['host1', 'unknown', 'Unknown since 10 seconds ago']);
    assert.equal('Node' in placedJson(web, nodes(ready), true, now), false);
  });
});

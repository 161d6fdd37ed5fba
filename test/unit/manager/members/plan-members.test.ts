import assert from 'node:assert/strict';
import { checkMajority } from '../../../../src/manager/members/check-majority.ts';
import { planMembers } from '../../../../src/manager/members/plan-members.ts';
import { ObjectIndex } from '../../../../src/manager/store/object-index.ts';
import type { Member } from '../../../../src/manager/store/etcd/members.ts';
import type { NodeObject } from '../../../../src/model/objects.ts';
import { nodeObject } from '../../../fixtures/objects.ts';

const manager = (number: number, state: NodeObject['state'] = 'ready'): NodeObject =>
  nodeObject({ id: `n${number}`, hostname: `n${number}`, managerAddress: `10.0.0.${number}:2377`, state });
const member = (number: number, overrides: Partial<Member> = {}): Member => ({
  id: String(number),
  name: `n${number}`,
  peerUrls: [`https://10.0.0.${number}:2378`],
  isLearner: false,
  ...overrides,
});

describe('the members of a managed etcd', () => {
  const plan = (nodes: readonly NodeObject[], members: readonly Member[]): readonly string[] =>
    planMembers(nodes, members).map((step) =>
      step.type === 'add'
        ? `add ${step.url}`
        : `${step.type} ${step.member.name}${step.type === 'move' ? ` to ${step.url}` : ''}`,
    );

  it('are one for each manager, and none for workers', () => {
    assert.deepEqual(plan([manager(1), manager(2), nodeObject({ id: 'w' })], [member(1), member(2)]), []);
    assert.deepEqual(plan([manager(1), manager(2)], [member(1)]), ['add https://10.0.0.2:2378']);
    assert.deepEqual(plan([manager(1)], [member(1), member(2)]), ['remove n2']);
  });

  it('come one after the other: each has to start and to catch up before the next', () => {
    const nodes = [manager(1), manager(2), manager(3)];
    assert.deepEqual(plan(nodes, [member(1), member(2, { isLearner: true, name: '' })]), []);
    assert.deepEqual(plan(nodes, [member(1), member(2, { isLearner: true })]), ['promote n2']);
    assert.deepEqual(plan(nodes, [member(1), member(2)]), ['add https://10.0.0.3:2378']);
  });

  it('are found where their manager has moved, not removed', () => {
    const moved = { ...manager(2), managerAddress: '10.0.0.9:2377' };
    assert.deepEqual(plan([manager(1), moved], [member(1), member(2)]), ['move n2 to https://10.0.0.9:2378']);
  });

  it('go before others come, and never all', () => {
    assert.deepEqual(plan([manager(1), manager(3)], [member(1), member(2)]), [
      'remove n2',
      'add https://10.0.0.3:2378',
    ]);
    assert.deepEqual(plan([], [member(1)]), []);
  });

  it('are let go only while a majority of the others is up', () => {
    const check = (...nodes: readonly NodeObject[]): void => {
      const index = new ObjectIndex();
      index.apply(nodes.map((after) => ({ before: null, after })));
      checkMajority(index, nodes[0] ?? manager(1));
    };
    check(manager(1), manager(2));
    check(manager(1, 'down'), manager(2), manager(3));
    check(nodeObject({ id: 'w' }), manager(2, 'down'));
    assert.throws(() => check(manager(1), manager(2, 'down')), /no majority, since n2 is not up/);
    assert.throws(
      () => check(manager(1), manager(2), manager(3, 'down')),
      /remove the manager n1: .* since n3 is not up/,
    );
  });
});

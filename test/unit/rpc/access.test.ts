import assert from 'node:assert/strict';
import {
  authorityMethods,
  controlMethods,
  dispatcherMethods,
  hostMethods,
} from '../../../src/rpc/generated/contract.ts';
import { checkAccess } from '../../../src/rpc/server/access.ts';
import type { Peer } from '../../../src/rpc/service-types.ts';

const node = { kind: 'node', nodeId: 'n1', clusterId: 'c1' } as const;
const peers: Readonly<Record<string, Peer>> = {
  stranger: { kind: 'stranger', reason: null },
  worker: { ...node, role: 'worker' },
  manager: { ...node, role: 'manager' },
  local: { kind: 'local' },
};

function callers(path: string): readonly string[] {
  return Object.entries(peers).flatMap(([name, peer]) => {
    try {
      checkAccess(path, peer);
      return [name];
    } catch {
      return [];
    }
  });
}

describe('access to the services', () => {
  const paths = (methods: object): readonly string[] =>
    Object.values(methods as Record<string, { readonly path: string }>).map(({ path }) => path);

  it('of control is for managers and the host itself', () => {
    for (const path of paths(controlMethods)) assert.deepEqual(callers(path), ['manager', 'local'], path);
  });

  it('of the dispatcher is for every node', () => {
    for (const path of paths(dispatcherMethods)) assert.deepEqual(callers(path), ['worker', 'manager', 'local'], path);
  });

  it('of the host is for the host itself', () => {
    for (const path of paths(hostMethods)) assert.deepEqual(callers(path), ['local'], path);
  });

  it('of the authority is for strangers as far as joining takes', () => {
    const forAll = paths(authorityMethods).filter((path) => callers(path).includes('stranger'));
    assert.deepEqual(forAll, ['/tsstack.v1.Authority/GetAuthority', '/tsstack.v1.Authority/Join']);
    const forWorkers = paths(authorityMethods).filter((path) => callers(path).join() === 'worker,manager,local');
    assert.deepEqual(forWorkers, [
      '/tsstack.v1.Authority/Renew',
      '/tsstack.v1.Authority/TakeRole',
      '/tsstack.v1.Authority/Leave',
    ]);
    for (const path of paths(authorityMethods)) assert.ok(callers(path).includes('manager'), path);
  });

  it('of a service that nobody has thought of is for nobody', () => {
    assert.deepEqual(callers('/tsstack.v1.Other/Do'), []);
    assert.deepEqual(callers('/tsstack.v1.Authority/Other'), []);
  });
});

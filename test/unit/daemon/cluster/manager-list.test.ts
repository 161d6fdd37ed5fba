import assert from 'node:assert/strict';
import { ManagerList } from '../../../../src/daemon/cluster/manager-list.ts';

describe('the managers that a node knows', () => {
  it('are tried in turns, never the same one twice in a row while there are others', () => {
    const list = new ManagerList(['10.0.0.1:2377', '10.0.0.2:2377', '[fd00::3]:2377']);
    let last = '';
    for (let attempt = 0; attempt < 50; attempt++) {
      const { host } = list.next();
      assert.notEqual(host, last);
      last = host;
    }
  });

  it('are led to who is named as the leader, if it is known', () => {
    const list = new ManagerList(['10.0.0.1:2377', '10.0.0.2:2377']);
    assert.equal(list.prefer('10.0.0.9:2377'), false);
    const { host } = list.next();
    assert.equal(list.prefer(`${host}:2377`), true);
    assert.equal(list.next().host, host);
    assert.notEqual(list.next().host, host);
  });

  it('are replaced by what a manager says, but never by none', () => {
    const list = new ManagerList(['10.0.0.1:2377']);
    assert.deepEqual([list.next().host, list.next().host], ['10.0.0.1', '10.0.0.1']);
    list.replace([]);
    assert.deepEqual(list.addresses, ['10.0.0.1:2377']);
    list.replace(['10.0.0.9:2400']);
    assert.deepEqual(list.next(), { host: '10.0.0.9', port: 2400 });
  });
});

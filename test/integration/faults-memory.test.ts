import { after, before, describe, it } from 'mocha';
import { BoxFaults } from '../support/box-faults.ts';

describe('tsstack-box: memory runs out', () => {
  let faults: BoxFaults;
  before(() => {
    faults = new BoxFaults();
  });
  after(() => faults.lab.dispose());

  it('create fails with a reason and leaves nothing when it gets no memory once', () =>
    faults.refuseMemory(faults.create, 1, false));

  it('create fails with a reason and leaves nothing when there is no more memory', () =>
    faults.refuseMemory(faults.create, 5, true));

  it('delete fails with a reason, and deletes when it is asked again, when there is no more memory', () =>
    faults.refuseMemory(faults.remove, 5, true));
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'mocha';
import { hostShims } from '../../agents/host/host-shims.ts';
import { readProcessStat } from '../../agents/host/process-stat.ts';
import type { ShimSeam, ShimState } from '../../agents/host/tasks/shim.ts';
import { eventually, ShimLab } from '../support/shim-lab.ts';
import type { LabContainer } from '../support/shim-lab.ts';

describe('shims of a host', () => {
  let lab: ShimLab;
  let shims: ShimSeam;
  let container: LabContainer;
  let state: ShimState;

  before(async () => {
    lab = new ShimLab();
    shims = hostShims(lab.launcher);
    container = lab.describe('sleep 1000');
    await lab.launcher.startShim(container.configPath);
    state = container.state;
  });
  after(() => lab.dispose());

  const commandOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8');

  it('are told from their containers that are not started, which have the same command line', () => {
    assert.equal(commandOf(state.pid ?? assert.fail('there is no process')), commandOf(state.shimPid));
    assert.equal(shims.find(container.configPath), state.shimPid);
    assert.equal(shims.isAlive(state, container.configPath), true);
  });

  it('are told from whatever has their number', () => {
    const shimStartTime = readProcessStat(process.pid)?.startTime ?? assert.fail();
    assert.equal(state.shimStartTime, readProcessStat(state.shimPid)?.startTime);
    assert.equal(shims.isAlive({ ...state, shimStartTime }, container.configPath), false, 'a later process');
    assert.equal(shims.isAlive({ ...state, shimPid: process.pid, shimStartTime }, container.configPath), false);
    assert.equal(shims.isAlive(state, '/another/shim.json'), false);
    assert.equal(shims.find('/another/shim.json'), null);
  });

  it('are gone when they have been killed', async () => {
    shims.kill(state.shimPid);
    await eventually('the shim ends', () => !shims.isAlive(state, container.configPath));
  });
});

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostPaths } from '../../../../agents/host/host-paths.ts';
import { NativeError } from '../../../../agents/host/native/native-error.ts';
import { Container } from '../../../../agents/host/tasks/container.ts';
import type { ShimConnection, ShimSeam, ShimState } from '../../../../agents/host/tasks/shim.ts';
import { shimState } from '../../../fixtures/shim-state.ts';
import { stateFileText } from '../../../support/state-file-text.ts';

const running = shimState();

describe('a container', () => {
  let directory: string;
  let killed: number[];
  let seen: ShimState[];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tsstack-container-'));
    killed = [];
    seen = [];
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const refuse = (): Promise<never> => Promise.reject(new Error('not here'));

  function container(change: Partial<ShimSeam>): Container {
    const paths = new HostPaths({ dataRoot: directory, runRoot: directory }).container('c');
    mkdirSync(paths.run, { recursive: true });
    writeFileSync(paths.shimConfig, '{}');
    assert.ok(!existsSync(paths.stateFile));
    const shims: ShimSeam = {
      launch: refuse,
      connect: refuse,
      exec: refuse,
      attach: refuse,
      isAlive: () => true,
      find: () => 17,
      kill: (pid) => void killed.push(pid),
      ...change,
    };
    const options = { paths, cgroup: 'tsstack/none/c', shims, onState: (state: ShimState) => void seen.push(state) };
    return new Container({ ...options, warn: (message) => assert.fail(message) });
  }

  it('takes nothing any more from a shim that it has let go of', async () => {
    const subscribed = Promise.withResolvers<ShimState>();
    const asked = Promise.withResolvers<void>();
    let tell: (state: ShimState) => void = () => assert.fail('nobody has subscribed');
    let isClosed = false;
    const connection = {
      closed: new Promise<void>(() => undefined),
      subscribe: (onState: (state: ShimState) => void) => {
        tell = onState;
        asked.resolve();
        return subscribed.promise;
      },
      close: () => (isClosed = true),
    } as unknown as ShimConnection;
    const held = container({ connect: async () => connection, launch: async () => ({ ...running, seq: 1 }) });
    writeFileSync(join(directory, 'containers/c/state.json'), stateFileText(running));
    await held.adopt();
    await asked.promise;
    held.release();
    tell({ ...running, seq: 8, phase: 'exited', exitCode: 1 });
    subscribed.resolve({ ...running, seq: 9, phase: 'exited', exitCode: 1 });
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(seen, []);
    assert.equal(held.phase, 'running');
    assert.ok(isClosed);
  });

  it('whose launcher died before it could answer does not come later', async () => {
    await assert.rejects(container({ launch: () => Promise.reject(new Error('it ended')) }).launch(), /it ended/);
    assert.deepEqual(killed, [17]);
  });

  it('that a shim has refused to make is not looked for', async () => {
    const refusal = new NativeError({ code: 'mount', message: 'mount it', errno: 'ENOENT', path: '' });
    await assert.rejects(container({ launch: () => Promise.reject(refusal) }).launch(), refusal);
    assert.deepEqual(killed, []);
  });
});

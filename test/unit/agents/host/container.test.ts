import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostPaths } from '../../../../agents/host/host-paths.ts';
import { NativeError } from '../../../../agents/host/native/native-error.ts';
import { ShimConnectionError } from '../../../../agents/host/native/shim-socket.ts';
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

  describe('that ends by itself at the moment of its stop', () => {
    const ended: ShimState = { ...running, seq: running.seq + 1, phase: 'exited', pid: null, exitCode: 5 };
    /** Its shim goes without an answer, and nobody has heard yet of the end that it has written. */
    async function stopOneThatEnds(change: Partial<ShimSeam> = {}): Promise<Container> {
      const stateFile = join(directory, 'containers/c/state.json');
      const connection = {
        closed: new Promise<void>(() => undefined),
        subscribe: async () => running,
        stop: async () => {
          writeFileSync(stateFile, stateFileText(ended));
          throw new ShimConnectionError('the connection broke');
        },
        close: () => undefined,
      } as unknown as ShimConnection;
      const held = container({ connect: async () => connection, ...change });
      writeFileSync(stateFile, stateFileText(running));
      await held.adopt();
      return held;
    }

    it('has its own exit code, which is told', async () => {
      const held = await stopOneThatEnds();
      await held.stop(0);
      assert.deepEqual([held.phase, seen.at(-1)?.exitCode, killed], ['exited', 5, []]);
    });

    it('is not ended once more by whoever gives up waiting for it', async () => {
      const held = await stopOneThatEnds();
      writeFileSync(join(directory, 'containers/c/state.json'), stateFileText(ended));
      await held.destroy();
      assert.deepEqual([held.phase, seen.at(-1)?.exitCode, killed], ['exited', 5, []]);
    });

    it('fails no stop of a run that is over when the next one has begun', async () => {
      const held = await stopOneThatEnds({ launch: async () => ({ ...running, seq: 1 }) });
      const stopped = held.stop(0);
      await held.launch();
      await stopped;
      assert.equal(held.phase, 'running');
    });
  });

  it('that ends while the next daemon looks whether its shim lives has its own exit code', async () => {
    const stateFile = join(directory, 'containers/c/state.json');
    const ended: ShimState = { ...running, seq: running.seq + 1, phase: 'exited', pid: null, exitCode: 5 };
    const isAlive = (): boolean => {
      writeFileSync(stateFile, stateFileText(ended));
      return false;
    };
    const held = container({ isAlive });
    writeFileSync(stateFile, stateFileText(running));
    await held.adopt();
    assert.deepEqual([held.phase, held.state?.exitCode, killed], ['exited', 5, []]);
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

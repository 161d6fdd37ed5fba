import assert from 'node:assert/strict';
import { observeStream } from '../../../../src/manager/events/observe-stream.ts';
import type { Frame, OpenStream } from '../../../../src/rpc/messages.ts';
import type { DuplexStream } from '../../../../src/rpc/service-types.ts';

/** Notes of a stream through which these frames went, and the frames that arrived. */
async function observe(
  kind: string,
  args: object,
  frames: readonly Frame[],
): Promise<{ readonly notes: readonly (readonly [string, string | undefined])[]; readonly arrived: readonly Frame[] }> {
  const notes: (readonly [string, string | undefined])[] = [];
  const arrived: Frame[] = [];
  const client: DuplexStream<Frame, Frame> = {
    async *[Symbol.asyncIterator]() {},
    write: async (frame) => void arrived.push(frame),
    end: () => undefined,
    cancel: () => undefined,
  };
  const open: OpenStream = { kind, taskId: 't', nodeId: '', arguments: JSON.stringify(args) };
  const stream = observeStream(open, client, (action, { exitCode, signal }) =>
    notes.push([action, exitCode ?? signal]),
  );
  for (const frame of frames) await stream.write(frame);
  return { notes, arrived };
}

const exit = (code: number): Frame => ({ content: 'exit', exit: { code } });
const output: Frame = { content: 'stdout', stdout: Buffer.from('x') };

describe('events of streams', () => {
  it('tell of a command in a container, and how it ended', async () => {
    const { notes, arrived } = await observe('exec', { command: ['ls', '-l'], detach: false }, [output, exit(3)]);
    assert.deepEqual(notes, [
      ['exec_create: ls -l', undefined],
      ['exec_start: ls -l', undefined],
      ['exec_die', '3'],
    ]);
    assert.deepEqual(arrived, [output, exit(3)]);
  });

  it('do not take the end of the stream of a detached command for its own', async () => {
    const { notes } = await observe('exec', { command: ['sleep', '9'], detach: true }, [exit(0)]);
    assert.equal(notes.length, 2);
  });

  it('tell of a signal only when it arrived', async () => {
    assert.deepEqual((await observe('signal', { signal: 'SIGHUP' }, [exit(0)])).notes, [['kill', 'SIGHUP']]);
    assert.deepEqual((await observe('signal', { signal: 'SIGNO' }, [exit(1)])).notes, []);
  });

  it('are none for looks at images and logs', async () => {
    assert.deepEqual((await observe('logs', {}, [output, exit(0)])).notes, []);
    assert.deepEqual((await observe('exec', {}, [exit(1)])).notes, [], 'nor for what the agent refuses');
    assert.deepEqual((await observe('top', {}, [exit(0)])).notes, [['top', undefined]]);
    assert.deepEqual((await observe('files.pack', {}, [exit(0)])).notes, [['archive-path', undefined]]);
    assert.deepEqual((await observe('files.insert', {}, [exit(0)])).notes, [['extract-to-dir', undefined]]);
  });
});

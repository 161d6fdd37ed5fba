import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, it } from 'mocha';
import { LogMultiplexer } from '../../../../src/cli/output/log-multiplexer.ts';
import { mergeLogs } from '../../../../src/cli/output/merge-logs.ts';
import { TestIo } from '../../../support/command-io.ts';

function record(text: string, second = 0, stream = 'stdout'): string {
  return `2026-11-21T04:00:${String(second).padStart(2, '0')}.000000000Z ${stream} F ${text}\n`;
}

const plain = { prefix: true, colours: false, timestamps: false, splitStreams: true };

describe('LogMultiplexer', () => {
  it('pads names to the longest one known', async () => {
    const io = new TestIo();
    const multiplexer = new LogMultiplexer(io, plain);
    multiplexer.reserve(['web-10']);
    const web = multiplexer.add('web-1');
    await web.push(Buffer.from(record('a')));
    await multiplexer.add('longest-1').push(Buffer.from(record('b')));
    await web.push(Buffer.from(record('c')));
    assert.equal(io.stdout.text, 'web-1   | a\nlongest-1  | b\nweb-1      | c\n');
  });

  it('gives each container a colour, and the same one again after a restart', async () => {
    const io = new TestIo();
    const multiplexer = new LogMultiplexer(io, { ...plain, colours: true });
    for (const label of ['a', 'b', 'a']) await multiplexer.add(label).push(Buffer.from(record('x')));
    assert.equal(io.stdout.text, '\u001b[36ma  | \u001b[0mx\n\u001b[33mb  | \u001b[0mx\n\u001b[36ma  | \u001b[0mx\n');
  });

  it('sends stderr to stderr, or everything to stdout', async () => {
    for (const splitStreams of [true, false]) {
      const io = new TestIo();
      const source = new LogMultiplexer(io, { ...plain, prefix: false, splitStreams }).add('a');
      await source.push(Buffer.from(record('out') + record('err', 1, 'stderr')));
      assert.equal(io.stdout.text, splitStreams ? 'out\n' : 'out\nerr\n');
      assert.equal(io.stderr.text, splitStreams ? 'err\n' : '');
    }
  });

  it('waits for a slow reader', async () => {
    let release = (): void => undefined;
    const slow = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => void (release = done) });
    const source = new LogMultiplexer({ stdout: slow, stderr: slow }, plain).add('a');
    let isDone = false;
    const pushing = source.push(Buffer.from(record('x'))).then(() => (isDone = true));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(isDone, false);
    release();
    await pushing;
  });
});

describe('mergeLogs', () => {
  async function merge(inputs: Readonly<Record<string, readonly (readonly [number, string])[]>>): Promise<string> {
    const io = new TestIo();
    const multiplexer = new LogMultiplexer(io, plain);
    const sources = Object.entries(inputs).map(([label, lines]) => ({
      source: multiplexer.add(label),
      // One frame for every two lines, so that frames end in the middle of runs.
      frames: frames(lines.map(([second, text]) => record(text, second))),
    }));
    await mergeLogs(multiplexer, sources);
    return io.stdout.text;
  }

  async function* frames(records: readonly string[]): AsyncGenerator<Buffer> {
    for (let index = 0; index < records.length; index += 2) yield Buffer.from(records.slice(index, index + 2).join(''));
  }

  it('orders the lines of several containers by their times', async () => {
    const text = await merge({
      a: [
        [1, 'a1'],
        [4, 'a4'],
        [5, 'a5'],
      ],
      b: [
        [2, 'b2'],
        [3, 'b3'],
        [9, 'b9'],
      ],
      c: [],
    });
    assert.deepEqual(text.match(/[ab]\d/g), ['a1', 'b2', 'b3', 'a4', 'a5', 'b9']);
  });

  it('keeps the order of each container where times are equal', async () => {
    const text = await merge({
      a: [
        [1, 'a1'],
        [1, 'a2'],
        [1, 'a3'],
      ],
      b: [
        [1, 'b1'],
        [1, 'b2'],
      ],
    });
    assert.deepEqual(text.match(/a\d/g), ['a1', 'a2', 'a3']);
    assert.deepEqual(text.match(/b\d/g), ['b1', 'b2']);
  });
});

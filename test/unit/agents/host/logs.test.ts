import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toRecordTime } from '../../../../agents/host/logs/log-time.ts';
import { readLogs } from '../../../../agents/host/logs/read-logs.ts';
import type { LogQuery } from '../../../../agents/host/logs/read-logs.ts';

const all: LogQuery = { tail: null, since: null, until: null, followUntil: null };
const never = new AbortController().signal;

/** The record of second `n` after midnight. */
function record(n: number, text = `line ${n}`, flag = 'F'): string {
  return `${toRecordTime(new Date(n * 1000).toISOString())} stdout ${flag} ${text}\n`;
}

const at = (n: number): string => new Date(n * 1000).toISOString();
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('log reader', () => {
  let directory: string;
  let path: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tsstack-log-'));
    path = join(directory, 'current.log');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  async function read(query: Partial<LogQuery> = {}): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of readLogs(path, { ...all, ...query }, never)) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  }

  function writeRotated(): void {
    writeFileSync(
      `${path}.2`,
      range(0, 10)
        .map((n) => record(n))
        .join(''),
    );
    writeFileSync(
      `${path}.1`,
      range(10, 20)
        .map((n) => record(n))
        .join(''),
    );
    writeFileSync(
      path,
      range(20, 30)
        .map((n) => record(n))
        .join(''),
    );
  }

  const records = (from: number, to: number): string =>
    range(from, to)
      .map((n) => record(n))
      .join('');

  it('reads rotated files before the current one', async () => {
    writeRotated();
    assert.equal(await read(), records(0, 30));
  });

  it('is empty without a log', async () => assert.equal(await read(), ''));

  it('leaves out a record that is still being written', async () => {
    writeFileSync(path, `${record(1)}${record(2).slice(0, -5)}`);
    assert.equal(await read(), record(1));
  });

  for (const tail of [0, 1, 9, 10, 11, 25, 30, 31]) {
    it(`gives the last ${tail} lines, over file boundaries`, async () => {
      writeRotated();
      assert.equal(await read({ tail }), records(Math.max(0, 30 - tail), 30));
    });
  }

  it('counts the parts of a long line as one', async () => {
    writeFileSync(path, record(1) + record(2, 'a', 'P') + record(2, 'b', 'P') + record(2, 'c') + record(3));
    assert.equal(await read({ tail: 2 }), record(2, 'a', 'P') + record(2, 'b', 'P') + record(2, 'c') + record(3));
  });

  it('finds the tail of large files in blocks', async () => {
    const long = range(0, 5000).map((n) => record(n, 'x'.repeat(n % 300)));
    writeFileSync(path, long.join(''));
    for (const tail of [1, 100, 437, 4999]) assert.equal(await read({ tail }), long.slice(-tail).join(''));
  });

  it('selects by time, both bounds included', async () => {
    writeRotated();
    for (const [since, until] of [
      [0, 29],
      [5, 15],
      [10, 10],
      [19, 20],
      [29, 40],
    ] as const) {
      assert.equal(await read({ since: at(since), until: at(until) }), records(since, Math.min(30, until + 1)));
    }
    assert.equal(await read({ since: at(30) }), '');
    assert.equal(await read({ until: at(-1) }), '');
    assert.equal(await read({ tail: 3, until: at(15) }), records(13, 16));
    assert.equal(await read({ tail: 3, since: at(28) }), records(28, 30));
  });

  it('follows through rotations and ends with the container', async () => {
    const ended = new AbortController();
    writeFileSync(path, record(0));
    const seen: string[] = [];
    const reading = (async () => {
      for await (const chunk of readLogs(path, { ...all, followUntil: ended.signal }, never)) {
        seen.push(chunk.toString());
        // Each piece is written when the one before has been read.
        const next = seen.join('').split('\n').length - 1;
        if (next === 1) appendFileSync(path, record(1));
        if (next === 2) {
          appendFileSync(path, record(2));
          renameSync(path, `${path}.1`);
          writeFileSync(path, record(3));
        }
        if (next === 4) {
          appendFileSync(path, record(4).slice(0, 20));
          appendFileSync(path, record(4).slice(20));
        }
        if (next === 5) {
          appendFileSync(path, record(5));
          ended.abort();
        }
      }
    })();
    await reading;
    assert.equal(seen.join(''), records(0, 6));
  });

  for (const isRotated of [false, true]) {
    it(`ends with the run that it follows, though the reader is slow and the next run writes${isRotated ? ' to a new file' : ''}`, async () => {
      const ended = new AbortController();
      const own = range(0, 40).map((n) => record(n, 'x'.repeat(100_000)));
      writeFileSync(path, own.slice(0, -1).join(''));
      const reader = readLogs(path, { ...all, followUntil: ended.signal }, never);
      const seen = [(await reader.next()).value?.toString() ?? ''];
      appendFileSync(path, own.at(-1) ?? '');
      ended.abort();
      if (isRotated) renameSync(path, `${path}.1`);
      appendFileSync(path, record(Date.now() / 1000 + 60, 'of the next run'));
      for await (const chunk of reader) seen.push(chunk.toString());
      assert.ok(seen.length > 1);
      assert.equal(seen.join(''), own.join(''));
    });
  }

  it('ends at once when the run is over already, whatever is written meanwhile', async () => {
    const own = range(0, 40).map((n) => record(n, 'x'.repeat(100_000)));
    writeFileSync(path, own.join(''));
    const reader = readLogs(path, { ...all, followUntil: AbortSignal.abort() }, never);
    const seen = [(await reader.next()).value?.toString() ?? ''];
    appendFileSync(path, record(Date.now() / 1000 + 60, 'of the next run'));
    for await (const chunk of reader) seen.push(chunk.toString());
    assert.equal(seen.join(''), own.join(''));
  });

  it('follows a log that does not exist yet', async () => {
    const ended = new AbortController();
    const reader = readLogs(path, { ...all, followUntil: ended.signal }, never);
    const first = reader.next();
    writeFileSync(path, record(0));
    assert.equal((await first).value?.toString(), record(0));
    ended.abort();
    assert.equal((await reader.next()).done, true);
  });

  it('ends when the reader goes away', async () => {
    writeFileSync(path, record(0));
    const gone = new AbortController();
    const reader = readLogs(path, { ...all, followUntil: never }, gone.signal);
    await reader.next();
    const rest = reader.next();
    gone.abort();
    assert.equal((await rest).done, true);
  });
});

describe('record time', () => {
  it('is UTC with nine digits', () => {
    assert.equal(toRecordTime('2026-11-21T04:00:00Z'), '2026-11-21T04:00:00.000000000Z');
    assert.equal(toRecordTime('2026-11-21T04:00:00.123456789+01:00'), '2026-11-21T03:00:00.123456789Z');
    assert.throws(() => toRecordTime('yesterday'), /not a time/);
  });
});

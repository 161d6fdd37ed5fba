import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toRecordTime } from '../../../../agents/host/logs/log-time.ts';
import { readLogs } from '../../../../agents/host/logs/read-logs.ts';
import type { LogQuery } from '../../../../agents/host/logs/read-logs.ts';
import { compressLog } from '../../../support/compress-log.ts';

const all: LogQuery = { tail: null, since: null, until: null, followUntil: null };
const never = new AbortController().signal;
const at = (n: number): string => new Date(n * 1000).toISOString();
const record = (n: number): string => `${toRecordTime(at(n))} stdout F line ${n}\n`;
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const records = (from: number, to: number): string => range(from, to).map(record).join('');

describe('log reader, of files that the shim has compressed', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tsstack-log-'));
    path = join(directory, 'current.log');
    writeFileSync(`${path}.2`, records(0, 10));
    writeFileSync(`${path}.1`, records(10, 20));
    writeFileSync(path, records(20, 30));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  async function read(query: Partial<LogQuery> = {}): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of readLogs(path, { ...all, ...query }, never)) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  }

  /** The log as after one more rotation. */
  function rotate(): void {
    for (const suffix of ['', '.gz']) {
      for (const number of [2, 1]) renameIfThere(`${path}.${number}${suffix}`, `${path}.${number + 1}${suffix}`);
    }
    renameSync(path, `${path}.1`);
  }

  function renameIfThere(from: string, to: string): void {
    try {
      renameSync(from, to);
    } catch {
      // Not all numbers are there in all forms.
    }
  }

  for (const numbers of [[2], [1], [2, 1]]) {
    it(`reads them in their place when those are ${numbers.join(' and ')}`, async () => {
      for (const number of numbers) compressLog(`${path}.${number}`);
      assert.equal(await read(), records(0, 30));
      for (const tail of [0, 5, 10, 11, 25, 31]) {
        assert.equal(await read({ tail }), records(Math.max(0, 30 - tail), 30), `tail ${tail}`);
      }
      for (const [since, until] of [
        [0, 29],
        [5, 15],
        [10, 10],
        [19, 20],
        [25, 40],
      ] as const) {
        const expected = records(since, Math.min(30, until + 1));
        assert.equal(await read({ since: at(since), until: at(until) }), expected);
      }
    });
  }

  it('unpacks none for the end of the log, and says which one cannot be unpacked', async () => {
    compressLog(`${path}.1`);
    writeFileSync(`${path}.1.gz`, Buffer.from('no gzip at all, and large enough for a trailer'));
    assert.equal(await read({ tail: 5 }), records(25, 30));
    await assert.rejects(read(), /unpack the log file .*current\.log\.1\.gz/);
  });

  it('reads a file once that is there in both forms', async () => {
    const plain = records(10, 20);
    compressLog(`${path}.1`);
    writeFileSync(`${path}.1`, plain);
    assert.equal(await read(), records(0, 30));
  });

  it('misses none when a number is without a file for a moment', async () => {
    renameSync(`${path}.2`, `${path}.3`);
    renameSync(`${path}.1`, `${path}.2`);
    assert.equal(await read(), records(0, 30));
  });

  it('follows on where it was when the file that it has read is compressed, and reads what it has not', async () => {
    const ended = new AbortController();
    const reader = readLogs(path, { ...all, tail: 10, followUntil: ended.signal }, never);
    assert.equal((await reader.next()).value?.toString(), records(20, 30));
    // While the reader is away: the file that it knows and one that it does not are rotated and compressed.
    rotate();
    compressLog(`${path}.1`);
    writeFileSync(path, records(30, 40));
    rotate();
    compressLog(`${path}.1`);
    writeFileSync(path, records(40, 50));
    appendFileSync(path, records(50, 60));
    ended.abort();
    let rest = '';
    for await (const chunk of reader) rest += chunk.toString();
    assert.equal(rest, records(30, 60));
  });
});

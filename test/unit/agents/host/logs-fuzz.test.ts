import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { toRecordTime } from '../../../../agents/host/logs/log-time.ts';
import { readLogs } from '../../../../agents/host/logs/read-logs.ts';
import type { LogQuery } from '../../../../agents/host/logs/read-logs.ts';

/** `npm run fuzz` sets more of them. */
const runs = Number(process.env['TSSTACK_FUZZ_RUNS'] ?? 150);
/** On a busy machine. */
const msPerRun = 50;
const never = new AbortController().signal;
const newline = 0x0a;

interface LogRecord {
  /** Seconds since 1970. */
  readonly second: number;
  readonly isFull: boolean;
  readonly text: string;
}

const isoTime = (second: number): string => new Date(second * 1000).toISOString();
const write = ({ second, isFull, text }: LogRecord): string =>
  `${toRecordTime(isoTime(second))} stderr ${isFull ? 'F' : 'P'} ${text}\n`;

/** Text of one record: anything but a newline, short mostly, now and then as long as records get. */
const anyText = fc.oneof(
  { weight: 8, arbitrary: fc.string({ maxLength: 40 }).map((text) => text.replaceAll('\n', ' ')) },
  { weight: 1, arbitrary: fc.nat(16 * 1024).map((length) => 'x'.repeat(length)) },
);

/** Records in the order of time, as the shim writes them, and where one file ends and the next begins. */
const anyLog = fc
  .array(fc.record({ pause: fc.nat(3), isFull: fc.boolean(), text: anyText }), { maxLength: 60 })
  .chain((parts) => {
    let second = 1000;
    const records = parts.map(({ pause, ...rest }) => ({ second: (second += pause), ...rest }));
    return fc.record({ records: fc.constant(records), cuts: fc.array(fc.nat(records.length), { maxLength: 3 }) });
  });

const anyQuery = fc.record({
  tail: fc.option(fc.nat(70)),
  since: fc.option(fc.integer({ min: 990, max: 1200 }).map(isoTime)),
  until: fc.option(fc.integer({ min: 990, max: 1200 }).map(isoTime)),
  followUntil: fc.constant(null),
});

/** What docs/native.md says that a query gives, said the slow way. */
function expected(records: readonly LogRecord[], query: LogQuery): string {
  const until = query.until === null ? Infinity : Date.parse(query.until) / 1000;
  const since = query.since === null ? -Infinity : Date.parse(query.since) / 1000;
  const kept = records.filter(({ second }) => second <= until);
  // A line that is still going on at the end belongs to the last lines and does not count as one.
  const fullOnes = kept.flatMap(({ isFull }, index) => (isFull ? [index] : []));
  const last = query.tail === null ? undefined : fullOnes.at(-query.tail - 1);
  const first = query.tail === null ? 0 : query.tail === 0 ? (fullOnes.at(-1) ?? -1) + 1 : (last ?? -1) + 1;
  return kept
    .filter(({ second }, index) => second >= since && index >= first)
    .map(write)
    .join('');
}

/** Lines byte by byte, whatever the bytes mean. */
const linesOf = (content: Buffer): readonly string[] => content.toString('latin1').split('\n').slice(0, -1);

describe('log reader, fuzzed', function () {
  this.timeout(20_000 + runs * msPerRun);
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tsstack-log-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** Writes the files, oldest first, and reads them; each call has files of its own. */
  async function read(files: readonly (string | Buffer)[], query: LogQuery): Promise<Buffer> {
    const path = join(mkdtempSync(join(directory, 'log-')), 'current.log');
    for (const [index, content] of files.toReversed().entries())
      writeFileSync(index === 0 ? path : `${path}.${index}`, content);
    const chunks: Buffer[] = [];
    for await (const chunk of readLogs(path, query, never)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  it('gives exactly the records that were asked for, wherever files end', async () => {
    await fc.assert(
      fc.asyncProperty(anyLog, anyQuery, async ({ records, cuts }, query) => {
        const bounds = [0, ...cuts.toSorted((a, b) => a - b), records.length];
        const files = bounds.slice(1).map((to, index) => records.slice(bounds[index], to).map(write).join(''));
        assert.equal((await read(files, query)).toString(), expected(records, query));
      }),
      { numRuns: runs },
    );
  });

  it('ends with whole lines of the files in their order, whatever bytes are in them', async () => {
    const anyBytes = fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes));
    /** A log with a piece overwritten, as by a failing disk. */
    const damaged = fc.tuple(anyLog, fc.nat(5000), anyBytes).map(([{ records }, at, bytes]) => {
      const content = Buffer.from(records.map(write).join(''));
      bytes.copy(content, Math.min(at, content.length));
      return content;
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(anyBytes, damaged), { maxLength: 3 }), anyQuery, async (files, query) => {
        const result = await read(files, query);
        assert.ok(result.length === 0 || result.at(-1) === newline);
        // An unfinished line at the end of a file that is not the last is none for ever.
        const whole = files.map((file) => file.subarray(0, file.lastIndexOf(newline) + 1));
        const remaining = linesOf(Buffer.concat(whole)).values();
        for (const line of linesOf(result)) assert.ok(remaining.some((candidate) => candidate === line));
      }),
      { numRuns: runs },
    );
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HookLog } from '../../../../agents/host/hooks/hook-log.ts';

describe('the log of hooks', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tsstack-hook-log-'));
  const path = join(directory, 'hooks.log');
  after(() => rmSync(directory, { recursive: true }));
  afterEach(() => rmSync(path, { force: true }));
  const records = (): string[] => readFileSync(path, 'utf8').trimEnd().split('\n');
  const withoutTime = (line: string): string => line.replace(/^\S{30} /, '');

  it('has whole lines of both streams, and the last one though it has no end', async () => {
    const log = await HookLog.open(path);
    await log.write('stdout', Buffer.from('one\ntw'));
    await log.write('stderr', Buffer.from('other\n'));
    await log.write('stdout', Buffer.from('o\nlast'));
    await log.end();
    assert.deepEqual(records().map(withoutTime), ['stdout F one', 'stderr F other', 'stdout F two', 'stdout F last']);
    assert.equal(log.tail, 'one\ntwother\no\nlast');
  });

  it('cuts long lines and keeps a bounded part of what one hook says', async () => {
    const log = await HookLog.open(path);
    await log.write('stdout', Buffer.from(`${'x'.repeat(20_000)}\n`));
    for (let chunk = 0; chunk < 40; chunk += 1)
      await log.write('stdout', Buffer.alloc(64 * 1024, `${'y'.repeat(99)}\n`));
    await log.end();
    assert.deepEqual(
      records()
        .slice(0, 2)
        .map((line) => withoutTime(line).length),
      ['stdout P '.length + 16 * 1024, 'stdout F '.length + 20_000 - 16 * 1024],
    );
    assert.ok(readFileSync(path).length < 1.1 * 2 ** 20);
    assert.match(records().at(-1) ?? '', /stderr F \(\d+ bytes more are not kept/);
  });

  it('moves what is old to a second file', async () => {
    writeFileSync(path, Buffer.alloc(2 ** 20));
    const log = await HookLog.open(path);
    await log.write('stdout', Buffer.from('new\n'));
    assert.equal(records().length, 1);
  });
});

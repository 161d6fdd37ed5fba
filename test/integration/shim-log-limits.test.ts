import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { after, before, describe, it } from 'mocha';
import { ifThereSync } from '../../agents/host/if-there.ts';
import { readLogs } from '../../agents/host/logs/read-logs.ts';
import { eventually, ShimLab, shimProgram } from '../support/shim-lab.ts';
import type { LabContainer } from '../support/shim-lab.ts';

const all = { tail: null, since: null, until: null, followUntil: null };

async function readWhole(container: LabContainer): Promise<string[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of readLogs(container.logPath, all, new AbortController().signal)) chunks.push(chunk);
  return Buffer.concat(chunks).toString().split('\n').filter(Boolean);
}

/** Text of a record without time, stream and flag. */
const textOf = (record: string): string => record.split(' ').slice(3).join(' ');

describe('shim: compressed logs', () => {
  let lab: ShimLab;
  before(() => {
    lab = new ShimLab();
  });
  after(() => lab.dispose());

  const logOf = (container: string, wishes: object): object => ({
    path: join(lab.directory, container, 'log/current.log'),
    driver: 'file',
    compress: true,
    ...wishes,
  });

  it('are made of all rotated files, one after the other, and read as one', async () => {
    const container = lab.describe('seq 1 100000; read stay', {
      shim: { stdin: true, log: logOf('c0', { maxBytes: 1_000_000, maxFiles: 4 }) },
    });
    const { shimPid } = await lab.launcher.startShim(container.configPath);
    const control = await container.connect();
    await control.request({ op: 'start' });
    const directory = join(container.directory, 'log');
    const settled = ['current.log', 'current.log.1.gz', 'current.log.2.gz', 'current.log.3.gz'];
    await eventually('everything has been written', () => container.logLines.at(-1) === 'stdout F 100000');
    await eventually('all is compressed', () => readdirSync(directory).toSorted().join() === settled.join());
    assert.ok(statSync(join(directory, 'current.log.1.gz')).size < 300_000);
    const numbers = (await readWhole(container)).map((record) => Number(textOf(record)));
    assert.equal(numbers.at(-1), 100_000);
    assert.ok(numbers.length > 60_000);
    assert.equal(
      numbers.findIndex((number, i) => number !== (numbers[0] ?? 0) + i),
      -1,
    );
    // Also for whoever has no tool of ours.
    assert.match(gunzipSync(readFileSync(join(directory, 'current.log.1.gz'))).toString(), /^\S+ stdout F \d+\n/);
    assert.equal(readFileSync(`/proc/${shimPid}/task/${shimPid}/children`, 'utf8').trim().split(' ').length, 1);
    await control.request({ op: 'kill' });
    await control.closed;
  });

  it('are finished by the next shim when one was killed at it', async () => {
    const container = lab.describe('sleep 100', { shim: { log: logOf('c1', { maxBytes: 1000, maxFiles: 3 }) } });
    const record = '2026-01-01T00:00:00.000000000Z stdout F before\n';
    writeFileSync(`${container.logPath}.1`, record);
    writeFileSync(`${container.logPath}.gz.partial`, 'half a file');
    await lab.launcher.startShim(container.configPath);
    await eventually('it is compressed', () => !existsSync(`${container.logPath}.1`));
    assert.equal(gunzipSync(readFileSync(`${container.logPath}.1.gz`)).toString(), record);
    assert.equal(existsSync(`${container.logPath}.gz.partial`), false);
    const control = await container.connect();
    await control.request({ op: 'kill' });
  });

  it('stay plain where nobody asked for it, and when the container ends first', async () => {
    const { container, control } = await lab.run('seq 1 3000', {
      shim: { log: logOf('c2', { maxBytes: 50_000, maxFiles: 3, compress: false }) },
    });
    await control.closed;
    assert.deepEqual(readdirSync(join(container.directory, 'log')).toSorted(), [
      'current.log',
      'current.log.1',
      'current.log.2',
    ]);
  });
});

describe('shim: a log that drops rather than wait', () => {
  let lab: ShimLab;
  let disk: string;
  before(() => {
    lab = new ShimLab();
    disk = join(lab.directory, 'disk');
    mkdirSync(disk);
  });
  beforeEach(() => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
  });
  afterEach(() => {
    execFileSync('umount', ['-l', disk]);
  });
  after(async () => {
    rmSync(disk, { recursive: true });
    await lab.dispose();
  });

  for (const mode of ['non-blocking', 'blocking'] as const) {
    it(`${mode === 'blocking' ? 'does not exist without' : 'counts what it drops with'} mode: ${mode}`, async () => {
      const path = join(disk, 'current.log');
      const { container, control } = await lab.run('seq 1 200000; echo done > /ended; read stay', {
        shim: { stdin: true, log: { path, maxBytes: 0, maxFiles: 1, driver: 'file', mode, maxBufferBytes: 65_536 } },
      });
      const hasEnded = (): boolean => existsSync(join(container.directory, 'upper/ended'));
      if (mode === 'blocking') {
        await eventually('the disk is full', () => statSync(path).size > 1_040_000);
        assert.equal(hasEnded(), false);
        assert.equal(container.state.droppedLogLines, 0);
        await control.request({ op: 'kill' });
        return;
      }
      await eventually('the container has not waited', hasEnded);
      const { droppedLogLines } = await container.until((state) => state.droppedLogLines > 0);
      assert.ok(droppedLogLines > 0);
      execFileSync('mount', ['-o', 'remount,size=64m', disk]);
      const records = (): readonly string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);
      const toldIn = (record: string): number =>
        Number(/^\S+Z stderr F \[tsstack: (\d+) lines \(\d+ bytes\) were dropped here/.exec(record)?.[1] ?? 0);
      const count = (): { readonly kept: number; readonly told: number } => ({
        kept: records().filter((record) => record.includes(' stdout F ')).length,
        told: records().reduce((sum, record) => sum + toldIn(record), 0),
      });
      // What was in the pipe when there was room again comes after the word of what was dropped.
      await eventually('all is there or told', () => count().told > 0 && count().kept + count().told >= 200_000);
      const { kept, told } = count();
      // A line of which only the beginning was kept counts twice.
      assert.ok(kept + told === 200_000 || kept + told === 200_001, `${kept} kept, ${told} dropped`);
      assert.equal((await container.until((state) => state.droppedLogLines === told)).droppedLogLines, told);
      assert.equal(container.state.droppedLogLines, told);
      await control.request({ op: 'kill' });
    });
  }
});

describe('shim: memory', () => {
  let lab: ShimLab;
  before(() => {
    lab = new ShimLab();
  });
  after(() => lab.dispose());

  it('is bounded by a line of a gigabyte and eight clients that never read', async () => {
    const { container, control, state } = await lab.create(
      'dd if=/dev/zero bs=1M count=1000 2>/dev/null; echo; echo end',
    );
    const clients = await Promise.all(Array.from({ length: 8 }, () => container.connect()));
    for (const client of clients) {
      await client.request({ op: 'attach', stdin: false, output: true });
      client.pause();
    }
    // Nothing once it is ending.
    const readPeakKb = (): number => {
      const status = ifThereSync(() => readFileSync(`/proc/${state.shimPid}/status`, 'utf8'), '');
      return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
    };
    let peakKb = 0;
    const watch = setInterval(() => (peakKb = Math.max(peakKb, readPeakKb())), 100);
    try {
      await control.request({ op: 'start' });
      await control.closed;
    } finally {
      clearInterval(watch);
    }
    assert.deepEqual(container.logLines.slice(-1), ['stdout F end']);
    assert.ok(peakKb > 1000);
    // Two buffers of 2 MiB for each of the clients at most, and its own; the sanitizers need more.
    if (!shimProgram.includes('asan')) assert.ok(peakKb < 24 * 1024, `${peakKb} kB`);
    for (const client of clients) client.close();
  });
});

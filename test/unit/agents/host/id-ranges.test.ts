import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { idPools } from '../../../../agents/host/users/id-pools.ts';
import { IdRanges } from '../../../../agents/host/users/id-ranges.ts';
import type { IdRangesOptions } from '../../../../agents/host/users/id-ranges.ts';

describe('ids of user namespaces', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tsstack-ids-'));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  const fileOf = (name: string): string => join(directory, name, 'ids.json');

  /** Two ranges to give away, unless told otherwise. */
  function open(change: Partial<IdRangesOptions> = {}): IdRanges {
    return new IdRanges({ pools: [{ first: 1000, count: 140_000 }], names: [], fileOf, start: 0, ...change });
  }

  it('are a range per container, the same each time, and never one that another has', () => {
    const ranges = open();
    assert.deepEqual(ranges.claim('a'), { first: 1000, count: 65_536 });
    assert.deepEqual(ranges.claim('b'), { first: 66_536, count: 65_536 });
    assert.deepEqual(ranges.claim('a'), { first: 1000, count: 65_536 });
    assert.throws(() => ranges.claim('c'), /all 2 ranges of 65536 ids are in use/);
    ranges.release('a');
    assert.deepEqual(ranges.claim('c'), { first: 1000, count: 65_536 });
  });

  it('are kept by the next daemon, also when they are no longer among those to give away', () => {
    open().claim('a');
    const names = ['a', 'none', 'torn'];
    open().claim('torn');
    writeFileSync(fileOf('torn'), '{"first":');
    const later = open({ names });
    assert.deepEqual(later.claim('b'), { first: 66_536, count: 65_536 });
    const moved = open({
      names,
      pools: [
        { first: 1500, count: 65_536 },
        { first: 300_000, count: 65_536 },
      ],
    });
    assert.deepEqual(moved.claim('a'), { first: 1000, count: 65_536 });
    assert.deepEqual(moved.claim('d'), { first: 300_000, count: 65_536 });
  });

  it('are shared with whose network is shared, and not free before the last has gone', () => {
    const ranges = open({ pools: [{ first: 1000, count: 65_536 }] });
    assert.throws(() => ranges.share('b', 'a'), /has no user namespace/);
    const range = ranges.claim('a');
    assert.deepEqual(ranges.share('b', 'a'), range);
    ranges.release('a');
    assert.throws(() => ranges.claim('c'), /in use/);
    ranges.release('b');
    assert.deepEqual(ranges.claim('c'), range);
  });

  it('begin elsewhere for another daemon', () => {
    assert.equal(open({ start: 3 }).claim('a').first, 66_536);
  });

  it('come from what both files give to us, else to other engines, else from a default', () => {
    const other = 'user:100000:65536\ncontainers:2000:10\n';
    assert.deepEqual(idPools(other, 'containers:2005:10'), [{ first: 2005, count: 5 }]);
    assert.deepEqual(idPools(`${other}tsstack:7:3\n`, `${other}tsstack:7:3\n`), [{ first: 7, count: 3 }]);
    const byDefault = [{ first: 0x7000_0000, count: 0x0ffe_0000 }];
    assert.deepEqual(idPools(other, ''), byDefault);
    assert.deepEqual(idPools('containers:x:5', 'containers:x:5'), byDefault);
    assert.deepEqual(idPools('', ''), byDefault);
  });
});

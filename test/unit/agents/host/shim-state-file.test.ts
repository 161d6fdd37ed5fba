import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readStateFile } from '../../../../agents/host/native/shim-state-file.ts';
import type { ShimState } from '../../../../agents/host/tasks/shim.ts';
import { shimState } from '../../../fixtures/shim-state.ts';
import { stateFileText } from '../../../support/state-file-text.ts';

const state = (seq: number): ShimState => shimState({ id: 'c0', seq });

describe('state files of shims', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tsstack-state-'));
    path = join(directory, 'state.json');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const write = (current: string | Uint8Array, previous: string | null): void => {
    writeFileSync(path, current);
    if (previous !== null) writeFileSync(`${path}.previous`, previous);
  };

  it('are read when they are whole, and their predecessors then do not matter', () => {
    write(stateFileText(state(2)), 'rubbish');
    const { state: read, damage } = readStateFile(path);
    assert.equal(read?.seq, 2);
    assert.equal(damage, null);
  });

  it('need not be there', () => {
    assert.deepEqual(readStateFile(path), { state: null, damage: null });
  });

  it('are recognised when torn, wherever that is, and give way to the one before', () => {
    const text = stateFileText(state(2));
    for (let length = 0; length < text.length; length += 7) {
      write(text.slice(0, length), stateFileText(state(1)));
      const { state: read, damage } = readStateFile(path);
      assert.equal(read?.seq, 1, `${length} bytes`);
      assert.match(damage ?? '', /state\.json is torn .*the one before it is used/);
    }
  });

  it('are recognised when any bit of theirs has changed', () => {
    const bytes = Buffer.from(stateFileText(state(2)));
    for (let bit = 0; bit < bytes.length * 8; bit += 13) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      write(changed, stateFileText(state(1)));
      const { state: read, damage } = readStateFile(path);
      assert.equal(read?.seq, 1, `bit ${bit}`);
      assert.notEqual(damage, null);
    }
  });

  it('say so when there is nothing whole at all', () => {
    write('{"version":2', null);
    assert.match(readStateFile(path).damage ?? '', /is torn .*there is none before it/);
    write('{"version":2', '');
    const { state: read, damage } = readStateFile(path);
    assert.equal(read, null);
    assert.match(damage ?? '', /and the one before it, .*state\.json\.previous, is torn/);
  });

  it('of another version are not guessed at', () => {
    write(stateFileText(state(3), 99), stateFileText(state(2)));
    assert.match(readStateFile(path).damage ?? '', /has version 99/);
    renameSync(`${path}.previous`, path);
    assert.equal(readStateFile(path).state?.seq, 2);
  });
});

import { readFileSync, rmSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { ifThereSync } from '../if-there.ts';
import type { ShimState } from '../tasks/shim.ts';

/** Version of the format that this program reads (docs/native.md, section 3). */
const knownVersion = 2;

/** The file's last member: the CRC-32 of all bytes before its comma. */
const checksumPattern = /,"checksum":"([0-9a-f]{8})"\}$/;

/** What a shim has left on disk. */
export interface StoredState {
  /** Null when there is none that could be read. */
  readonly state: ShimState | null;
  /** What is wrong with the file, and what was done about it; null when all is well or nothing is there. */
  readonly damage: string | null;
}

/** Reads the state file at `path`; a torn or otherwise damaged one gives way to the one before it. */
export function readStateFile(path: string): StoredState {
  const current = readOne(path);
  if (current === null) return { state: null, damage: null };
  if (current.problem === null) return { state: current.state, damage: null };
  const previousPath = `${path}.previous`;
  const previous = readOne(previousPath);
  const damaged = `the state file ${path} ${current.problem}`;
  if (previous === null) return { state: null, damage: `${damaged}, and there is none before it` };
  if (previous.problem !== null) {
    return { state: null, damage: `${damaged}, and the one before it, ${previousPath}, ${previous.problem}` };
  }
  return { state: previous.state, damage: `${damaged}; the one before it is used` };
}

/** Removes what an earlier shim has left there. */
export function removeStateFile(path: string): void {
  for (const file of [path, `${path}.previous`]) rmSync(file, { force: true });
}

type OneFile =
  { readonly state: ShimState; readonly problem: null } | { readonly state: null; readonly problem: string };

function readOne(path: string): OneFile | null {
  return ifThereSync(() => check(readFileSync(path)), null);
}

function check(bytes: Buffer): OneFile {
  const found = checksumPattern.exec(bytes.toString('latin1'));
  if (found === null) return { state: null, problem: 'is torn (it has no checksum)' };
  const isWhole = crc32(bytes.subarray(0, found.index)) === Number.parseInt(found[1] ?? '', 16);
  if (!isWhole) return { state: null, problem: 'is damaged (its checksum is wrong)' };
  const state = JSON.parse(bytes.toString()) as ShimState & { readonly version: number };
  if (state.version === knownVersion) return { state, problem: null };
  return { state: null, problem: `has version ${state.version}, of another tsstack than this one` };
}

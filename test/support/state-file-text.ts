import { crc32 } from 'node:zlib';
import type { ShimState } from '../../agents/host/tasks/shim.ts';

/** A state file as a shim writes it. */
export function stateFileText(state: ShimState, version = 2): string {
  const text = JSON.stringify({ version, ...state }).slice(0, -1);
  return `${text},"checksum":"${crc32(text).toString(16).padStart(8, '0')}"}`;
}

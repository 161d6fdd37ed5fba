import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProjectRoot } from '../../agents/host/native-programs.ts';

/** Version of this program; the bundle has it built in. */
export function readVersion(): string {
  const builtIn = process.env['TSSTACK_VERSION'];
  if (builtIn !== undefined) return builtIn;
  const text = readFileSync(join(findProjectRoot(import.meta.dirname), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

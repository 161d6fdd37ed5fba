import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The version of this program: set by the bundler, else read from package.json. */
export function tsstackVersion(): string {
  const built = process.env['TSSTACK_VERSION'];
  if (built !== undefined) return built;
  const text = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

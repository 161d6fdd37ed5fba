import { readFileSync } from 'node:fs';
import { ifThereSync } from '../if-there.ts';
import type { IdRange } from './id-range.ts';

/** Names that an administrator may give ids to in /etc/subuid and /etc/subgid: ours, and the one of other engines. */
const owners = ['tsstack', 'containers'] as const;

/**
 * Used when there is no such entry: 0x70000000 to 0x7ffdffff, above what systemd gives to containers and useradd to users, and
 * below 2^31, from where on some programs take ids for negative.
 */
const defaultPool: IdRange = { first: 0x7000_0000, count: 0x0ffe_0000 };

/** The ids of this host that containers may have, from the texts of /etc/subuid and /etc/subgid. */
export function idPools(subuid: string, subgid: string): readonly IdRange[] {
  for (const owner of owners) {
    const users = entriesOf(subuid, owner);
    const groups = entriesOf(subgid, owner);
    const both = users.flatMap((user) => groups.flatMap((group) => overlap(user, group)));
    if (both.length > 0) return both;
  }
  return [defaultPool];
}

/** The same from the host's own files. */
export function readIdPools(): readonly IdRange[] {
  return idPools(readIfThere('/etc/subuid'), readIfThere('/etc/subgid'));
}

/** `name:first:count`, by name. */
function entriesOf(text: string, owner: string): readonly IdRange[] {
  return text.split('\n').flatMap((line) => {
    const [name, first = '', count = ''] = line.trim().split(':');
    return name === owner && isNumber(first) && isNumber(count) ? [{ first: Number(first), count: Number(count) }] : [];
  });
}

/** A range is used for users and groups alike. */
function overlap(a: IdRange, b: IdRange): readonly IdRange[] {
  const first = Math.max(a.first, b.first);
  const count = Math.min(a.first + a.count, b.first + b.count) - first;
  return count > 0 ? [{ first, count }] : [];
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}

function readIfThere(path: string): string {
  return ifThereSync(() => readFileSync(path, 'utf8'), '');
}

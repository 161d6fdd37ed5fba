import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomically } from '../../agents/host/images/store/write-atomically.ts';
import type { StoreSetting } from '../manager/store/store-setting.ts';
import { TsstackError } from '../model/errors.ts';

/** Which store the manager of this host uses: `manager/store.json` below the data root. Without that file it is the embedded one. */
export function readStoreSetting(dataRoot: string): StoreSetting {
  const path = pathIn(dataRoot);
  if (!existsSync(path)) return { type: 'sqlite' };
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as StoreSetting;
  } catch (cause) {
    throw new TsstackError('internal', `read ${path}: it is damaged`, { cause, hint: 'restore it from a copy' });
  }
}

/** From the next start of the manager on. */
export function writeStoreSetting(dataRoot: string, setting: StoreSetting): void {
  if (setting.type === 'sqlite') rmSync(pathIn(dataRoot), { force: true });
  else writeAtomically(pathIn(dataRoot), `${JSON.stringify(setting, null, 2)}\n`);
}

function pathIn(dataRoot: string): string {
  return join(dataRoot, 'manager/store.json');
}

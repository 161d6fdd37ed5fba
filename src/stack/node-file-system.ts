import { readFileSync, statSync } from 'node:fs';
import type { StackFileSystem } from './file-system.ts';

/** The files of this machine. */
export const nodeFileSystem: StackFileSystem = {
  readText: (path) => readFileSync(path, 'utf8'),
  kindOf(path) {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return 'missing';
    return stats.isDirectory() ? 'directory' : 'file';
  },
  readStandardInput: () => readFileSync(0, 'utf8'),
};

import { createReadStream, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { resolve } from 'node:path';
import { TsstackError } from '../../model/errors.ts';
import type { CommandIo } from '../command-line/io.ts';
import { uploadChunkBytes } from '../streams/upload.ts';

/** A file of the command line, or standard input for `-` and nothing. */
export function openInput(io: CommandIo, path: string | undefined): Readable {
  if (path === undefined || path === '-') {
    if (io.stdin.isTTY === true) {
      throw new TsstackError('invalid', 'standard input is a terminal', {
        hint: 'name a file, or pipe one in',
      });
    }
    return io.stdin;
  }
  const absolute = resolve(io.cwd, path);
  const status = statSync(absolute, { throwIfNoEntry: false });
  if (status === undefined) throw new TsstackError('not-found', `open ${path}: there is no such file`);
  if (status.isDirectory())
    throw new TsstackError('invalid', `open ${path}: it is a directory`, { hint: 'name a file' });
  return createReadStream(absolute, { highWaterMark: uploadChunkBytes });
}

import type { FoundPath } from '../../rpc/stream-kinds.ts';

/** One end of a copy: the files of a container, or those of the host on which the command runs. Paths are absolute. */
export interface FileSide {
  /** Whose files these are, for messages. */
  readonly name: string;
  look(path: string, follow: boolean): Promise<FoundPath>;
  /** A tar archive of what lies at the path, under that name. `follow` concerns a link at the end of the path. */
  pack(options: { readonly path: string; readonly name: string; readonly follow: boolean }): AsyncIterable<Buffer>;
  /** Unpacks an archive into an existing directory; with a name other than `.` it may have nothing but that. */
  insert(
    options: { readonly directory: string; readonly name: string; readonly keepOwners: boolean },
    archive: AsyncIterable<Buffer>,
  ): Promise<void>;
}

/** What the loader asks of the outside world. Synchronous: a command that loads a stack file has nothing else to do meanwhile. */
export interface StackFileSystem {
  /** The text of a file; throws as node:fs does (`code` ENOENT, EISDIR, …). */
  readText(path: string): string;
  /** What a path is, links followed. */
  kindOf(path: string): 'file' | 'directory' | 'missing';
  /** Everything on standard input; called at most once. */
  readStandardInput(): string;
}

/** `permission denied` of Node's `EACCES: permission denied, open '/x'`. */
export function systemReason({ message }: Error): string {
  return message.replace(/^\w+: /, '').replace(/, \w+(?: '.*)?$/, '');
}

/** `open /x: permission denied`; null for errors that are not of the system about a file. Those are the business of whoever named the file. */
export function fileErrorText(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const { syscall, path }: NodeJS.ErrnoException = error;
  return syscall === undefined || path === undefined ? null : `${syscall} ${path}: ${systemReason(error)}`;
}

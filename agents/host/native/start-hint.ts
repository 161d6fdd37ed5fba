/** What to do about a container that could not be started, by the code of docs/native.md; null for other failures. */
export function startHint(code: string, message: string): string | null {
  if (code === 'exec-not-found')
    return 'the image has no such program, or not the interpreter that its first line names: check the name and the PATH';
  // The kernel's words for an address of other hosts (EADDRNOTAVAIL), and for a file in the place of a directory.
  if (/^publish port .*: cannot assign requested address$/i.test(message))
    return 'this host has no such address: publish the port at one that `ip address` lists, or without an address at all of them';
  if (/^process\.cwd: .*: not a directory$/i.test(message)) return 'name a directory as `working_dir`';
  if (code !== 'exec-not-executable') return null;
  // The kernel's words for a file that is neither a program for this machine nor begins with #!.
  return /exec format error/i.test(message)
    ? "it is made for another kind of processor, or it is a script without a first line such as #!/bin/sh"
    : 'name a program, not a directory, and one that this user may execute: `chmod +x` in the image, or another `user`';
}

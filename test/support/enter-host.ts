/** A command as it runs on the host whose namespaces a process holds: its network, mounts and name. */
export function enterHost(holder: number, command: readonly string[], directory = '/'): readonly string[] {
  return ['nsenter', '--target', String(holder), '--net', '--mount', '--uts', `--wdns=${directory}`, '--', ...command];
}

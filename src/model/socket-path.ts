/** The path of an address `unix:///path` (or `unix:/path`), as gRPC writes those of unix sockets; null for others. */
export function socketPath(address: string): string | null {
  return address.startsWith('unix:') ? address.replace(/^unix:(\/\/)?/, '') : null;
}

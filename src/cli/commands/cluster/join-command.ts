/** What an operator types on a host that is to join. */
export function joinCommand(token: string, manager: string): string {
  return `tsstack cluster join --token ${token} ${manager}`;
}

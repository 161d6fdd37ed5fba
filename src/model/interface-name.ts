/** Whether a network interface can bear the name: at most 15 bytes (IFNAMSIZ), and nothing that paths or sysctls would trip over. */
export function isInterfaceName(text: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,14}$/.test(text);
}

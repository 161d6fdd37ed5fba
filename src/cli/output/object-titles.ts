/** `Container p-web-1`: how progress names an object, from its kind in a plan. */
export function titleOf(kind: string, name: string): string {
  return `${kind.charAt(0).toUpperCase()}${kind.slice(1)} ${name}`;
}

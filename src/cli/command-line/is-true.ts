/** Booleans in variables of the environment, as docker compose reads them. */
export function isTrue(value: string | undefined): boolean {
  return /^(1|t|true|y|yes|on)$/i.test(value ?? '');
}

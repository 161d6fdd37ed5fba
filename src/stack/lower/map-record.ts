/** The same keys with other values. */
export function mapRecord<From, To>(
  record: Readonly<Record<string, From>>,
  convert: (value: From, key: string) => To,
): Readonly<Record<string, To>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, convert(value, key)]));
}

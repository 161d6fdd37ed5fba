/** Numbers in the digits 0 to 9 and a to z, for keys that people copy: no case, nothing that a shell or a URL would mind. */

/** The bytes as one number, with leading zeros up to that many digits. */
export function toBase36(bytes: Buffer, digits: number): string {
  return BigInt(`0x${bytes.toString('hex')}`)
    .toString(36)
    .padStart(digits, '0');
}

/** That many bytes of the number, which has digits of base 36 alone. */
export function fromBase36(text: string, bytes: number): Buffer {
  const value = Array.from(text).reduce((sum, digit) => sum * 36n + BigInt(Number.parseInt(digit, 36)), 0n);
  return Buffer.from(
    value
      .toString(16)
      .padStart(2 * bytes, '0')
      .slice(-2 * bytes),
    'hex',
  );
}

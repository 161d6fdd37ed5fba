import { UsageError } from '../errors.ts';

/** The sequence that docker's tools use when nothing else is said. */
export const defaultDetachKeys = 'ctrl-p,ctrl-q';

/** Bytes of a sequence such as `ctrl-p,ctrl-q` or `ctrl-a,d`; null for an empty one. */
export function parseDetachKeys(text: string): Buffer | null {
  if (text === '') return null;
  return Buffer.from(text.split(',').map((key) => byteOf(key, text)));
}

function byteOf(key: string, whole: string): number {
  const control = /^ctrl-([a-z@[\]^_\\])$/i.exec(key);
  // Control characters are the letters' codes without their upper three bits (ASCII).
  if (control?.[1] !== undefined) return control[1].toUpperCase().charCodeAt(0) & 0x1f;
  if (key.length === 1) return key.charCodeAt(0);
  throw new UsageError(`invalid detach keys "${whole}"`, 'write keys with commas between, as ctrl-p,ctrl-q');
}

/** Looks for the detach sequence in typed bytes; a beginning of it that turns out to be none is passed on late. */
export class DetachKeys {
  readonly #keys: Buffer | null;
  #matched = 0;

  constructor(keys: Buffer | null) {
    this.#keys = keys;
  }

  filter(chunk: Buffer): { readonly passed: Buffer; readonly isDetach: boolean } {
    const keys = this.#keys;
    if (keys === null) return { passed: chunk, isDetach: false };
    const passed: number[] = [];
    for (const byte of chunk) {
      if (byte !== keys[this.#matched]) {
        passed.push(...keys.subarray(0, this.#matched));
        this.#matched = 0;
      }
      if (byte !== keys[this.#matched]) passed.push(byte);
      else this.#matched += 1;
      if (this.#matched === keys.length) return { passed: Buffer.from(passed), isDetach: true };
    }
    return { passed: Buffer.from(passed), isDetach: false };
  }
}

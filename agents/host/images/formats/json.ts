import type { z } from 'zod';
import { MalformedImageError } from '../errors.ts';

/** Reads a JSON document from outside; the error names the document and the first field that is wrong. */
export function parseJson<T>(schema: z.ZodType<T>, data: Uint8Array, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(data).toString('utf8'));
  } catch (error) {
    throw new MalformedImageError(what, 'it is no JSON', error);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') ?? '';
  throw new MalformedImageError(what, `${field === '' ? '' : `${field}: `}${issue?.message ?? 'unexpected content'}`);
}

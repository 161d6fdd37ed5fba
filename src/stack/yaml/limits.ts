import { stackFileError, type StackFileError } from '../errors.ts';
import type { Place } from '../problems.ts';

/** Values that a document may have when its aliases are written out: the reference's limit. */
export const MAX_NODES = 100_000;

/** Deeper than any real file; keeps the recursive stages off the end of the stack. */
export const MAX_DEPTH = 200;

/**
 * Characters that a stack file may have. 100,000 nodes are about 3 MB of ordinary YAML; refusing longer texts by their length
 * keeps garbage from costing time and memory.
 */
export const MAX_CHARACTERS = 4 * 1024 * 1024;

/** What 100,000 nodes need: a block mapping has about seven tokens per value. */
export const MAX_TOKENS = 750_000;

/** The error for a document that passes MAX_NODES. */
export function tooManyValues(at: Place): StackFileError {
  return stackFileError(at, [], `more than ${MAX_NODES} values, with its aliases written out`);
}

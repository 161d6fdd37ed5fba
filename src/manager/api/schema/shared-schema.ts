import * as z from 'zod';

/** Names of stacks, services and of everything that has a key in a stack file: they become parts of file names and of host names. */
export const name = z
  .string()
  .regex(
    /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/,
    'has to begin with a letter or digit and to hold only letters, digits, _, . and -',
  );

export const labels = z.record(z.string(), z.string());

export const port = z.int().min(1).max(65535);

export const absolutePath = z.string().startsWith('/', 'has to be an absolute path');

/** Whole number that is not negative, or null. */
export const size = z.int().min(0).nullable();

import { TsstackError } from '../../model/errors.ts';
import { errorAt, type LoadedStack } from '../../stack/index.ts';

/** The call's result; what the manager refuses because of something that the file says is told with its place there. */
export async function located<T>(loaded: LoadedStack, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw locate(loaded, error);
  }
}

/** An error that is about something in the file with its place there, any other one as it is. */
export function locate(loaded: LoadedStack, error: unknown): unknown {
  return error instanceof TsstackError && error.keys !== undefined ? errorAt(loaded, error.keys, error) : error;
}

import { TsstackError } from '../../model/errors.ts';
import { errorAt, type LoadedStack } from '../../stack/index.ts';

/** The call's result; what the manager refuses because of something that the file says is told with its place there. */
export async function located<T>(loaded: LoadedStack, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof TsstackError) || error.keys === undefined) throw error;
    throw errorAt(loaded, error.keys, error);
  }
}

import { isCut, type SteadyConnection } from '../connection/steady-connection.ts';
import { followObjects } from './follow-objects.ts';
import type { ObjectView } from './object-view.ts';

/** As followObjects, over the end of a daemon: the next one shows everything again, and then the changes. */
export async function followSteadily(
  connection: SteadyConnection,
  query: Parameters<typeof followObjects>[1],
  signal: AbortSignal | undefined,
  isEnough: Parameters<typeof followObjects>[3],
): Promise<ObjectView> {
  for (;;) {
    const { control } = connection;
    try {
      return await followObjects(control, query, signal, isEnough);
    } catch (error) {
      if (signal?.aborted === true || !isCut(error)) throw error;
      await connection.restored(control, error);
    }
  }
}

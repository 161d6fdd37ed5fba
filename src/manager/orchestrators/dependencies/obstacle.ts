import type { TaskObject } from '../../../model/objects.ts';

/** What a start or an end has to wait for; `null`: nothing is in the way. */
export type Obstacle = { readonly message: string; readonly failed: boolean } | null;

/** Tasks of one stack by service. */
export type TasksByService = ReadonlyMap<string, readonly TaskObject[]>;

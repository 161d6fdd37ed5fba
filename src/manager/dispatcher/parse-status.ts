import * as z from 'zod';
import type { TaskStatus } from '../../model/objects.ts';
import { observedStateNumbers, type ObservedState } from '../../model/states.ts';
import { InvalidRequestError } from '../errors.ts';

const states = Object.keys(observedStateNumbers) as [ObservedState, ...ObservedState[]];

const container = z.strictObject({
  imageId: z.string(),
  currentImageId: z.string().nullable(),
  imageReference: z.string(),
  movedMounts: z.array(z.strictObject({ reference: z.string(), imageId: z.string(), currentImageId: z.string() })),
  command: z.array(z.string()),
  phase: z.enum(['created', 'running', 'paused', 'restarting', 'stopping', 'exited']),
  pid: z.number().nullable(),
  createdAt: z.string(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  exitCode: z.number().nullable(),
  oomKilled: z.boolean(),
  restartCount: z.number(),
  signal: z.string().nullable(),
  droppedLogLines: z.number(),
  runs: z
    .array(
      z.strictObject({
        startedAt: z.string().nullable(),
        finishedAt: z.string().nullable(),
        exitCode: z.number().nullable(),
        signal: z.string().nullable(),
        oomKilled: z.boolean(),
      }),
    )
    .max(16),
  health: z
    .strictObject({
      state: z.enum(['starting', 'healthy', 'unhealthy']),
      failingStreak: z.number(),
      lastOutput: z.string(),
    })
    .nullable(),
  ports: z.array(
    z.strictObject({
      target: z.number(),
      protocol: z.enum(['tcp', 'udp', 'sctp']),
      hostIp: z.string(),
      published: z.number(),
    }),
  ),
  serving: z.boolean(),
  mounts: z.array(z.string()),
  hook: z
    .strictObject({
      event: z.enum(['post_start', 'pre_stop']),
      state: z.enum(['running', 'done', 'failed']),
      index: z.number(),
      message: z.string(),
      output: z.string(),
    })
    .nullable(),
});

const taskStatus: z.ZodType<TaskStatus> = z.strictObject({
  run: z.number(),
  state: z.enum(states),
  at: z.string(),
  message: z.string(),
  error: z.strictObject({ code: z.string(), message: z.string(), hint: z.string().nullable() }).nullable(),
  container: container.nullable(),
  // Agents of earlier versions do not know of it.
  successor: z
    .strictObject({
      update: z.string(),
      state: z.enum(['preparing', 'ready', 'failed']),
      at: z.string(),
      message: z.string(),
    })
    .nullable()
    .default(null),
});

/** The status in that JSON text; throws InvalidRequestError naming the field that is wrong. */
export function parseTaskStatus(text: string): TaskStatus {
  const result = taskStatus.safeParse(parseJson(text));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new InvalidRequestError(`task status: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is wrong'}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InvalidRequestError('task status: is no JSON', { cause });
  }
}

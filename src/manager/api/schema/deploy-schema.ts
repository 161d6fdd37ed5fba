import * as z from 'zod';
import type { DeploySpec, UpdateSpec } from '../../../model/deploy-spec.ts';
import { scheduleProblem } from '../../../model/schedule.ts';
import { size } from './shared-schema.ts';

const milliseconds = z.int().min(0);

const update: z.ZodType<UpdateSpec> = z.strictObject({
  parallelism: z.int().min(0),
  delayMs: milliseconds,
  monitorMs: milliseconds,
  maxFailureRatio: z.number().min(0),
  failureAction: z.enum(['continue', 'pause', 'rollback']),
  order: z.enum(['stop-first', 'start-first']),
});

const constraint = z.strictObject({ key: z.string().min(1), operator: z.enum(['==', '!=']), value: z.string() });

/** Shape of `deploy` of a service. */
export const deploySchema: z.ZodType<DeploySpec> = z.strictObject({
  mode: z.enum(['replicated', 'global', 'replicated-job', 'global-job']),
  endpointMode: z.enum(['vip', 'dnsrr']).nullable(),
  placement: z.strictObject({
    constraints: z.array(constraint),
    spread: z.array(z.string()),
    maxReplicasPerNode: size,
    architecture: z.string().min(1).nullable(),
  }),
  reservations: z.strictObject({
    cpus: z.number().min(0).nullable(),
    memoryBytes: size,
    generic: z.record(z.string(), z.number().min(0)),
  }),
  update: update.nullable(),
  rollback: update.nullable(),
  progressDeadlineMs: milliseconds,
  maxConcurrent: z.int().min(1).nullable(),
  schedule: z
    .strictObject({ cron: z.string(), timeZone: z.string() })
    .refine((schedule) => scheduleProblem(schedule) === null, 'is no schedule')
    .nullable(),
  rebalance: z.enum(['auto', 'manual']),
});

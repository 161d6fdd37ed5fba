import { nextTime } from '../../../model/schedule.ts';
import type { ServiceObject } from '../../../model/objects.ts';
import { defineVerb, type CommandContext } from '../../command-line/verb.ts';
import { writeOutput } from '../../output/write-output.ts';
import { findServices } from '../../services/find-service.ts';

/** `tsstack service inspect` */
export const inspect = defineVerb({ name: 'service inspect', usage: 'SERVICE...', arity: [1, null], flags: {}, run });

async function run(context: CommandContext): Promise<number> {
  const { services } = await findServices(context, context.arguments);
  await writeOutput(context.io.stdout, `${JSON.stringify(services.map(describe), null, 2)}\n`);
  return 0;
}

/** By the names of docker's tools where they have one. */
function describe(service: ServiceObject): Readonly<Record<string, unknown>> {
  const { id, version, createdAt, updatedAt, stack, name, spec, previous, update, suspended } = service;
  return {
    ID: id,
    Version: { Index: version },
    CreatedAt: createdAt,
    UpdatedAt: updatedAt,
    Stack: stack,
    Name: name,
    Spec: spec,
    PreviousSpec: previous?.spec ?? null,
    UpdateStatus:
      update === null
        ? null
        : {
            State: update.state,
            StartedAt: update.startedAt,
            CompletedAt: update.completedAt,
            Message: update.message,
          },
    StoppedByHand: suspended,
    NextRun: nextRun(service),
  };
}

function nextRun({ spec, scheduledUntil, suspended }: ServiceObject): string | null {
  if (spec.deploy.schedule === null || scheduledUntil === null || suspended) return null;
  const atMs = nextTime(spec.deploy.schedule, Date.parse(scheduledUntil));
  return atMs === null ? null : new Date(atMs).toISOString();
}

import { defineVerb, type CommandContext } from '../../command-line/verb.ts';
import { findServices } from '../../services/find-service.ts';
import { followChange } from '../../services/follow-change.ts';

const flags = { detach: { type: 'boolean', short: 'd', help: 'Do not wait for the end' } } as const;

/** `tsstack service rollback` */
export const rollback = defineVerb({ name: 'service rollback', usage: 'SERVICE', arity: [1, 1], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const { control, services } = await findServices(context, context.arguments);
  for (const service of services) {
    const { stack, name, version } = service;
    const response = await control.rollbackService({ stack, service: name, version });
    await followChange(context, control, {
      service,
      response,
      goal: 'rollback_completed',
      detach: context.flags.detach,
    });
  }
  return 0;
}

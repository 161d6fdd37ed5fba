import { defineVerb, type CommandContext } from '../../command-line/verb.ts';
import { findServices } from '../../services/find-service.ts';
import { followChange } from '../../services/follow-change.ts';

const flags = { detach: { type: 'boolean', short: 'd', help: 'Do not wait for the end' } } as const;

/** `tsstack service rebalance` */
export const rebalance = defineVerb({ name: 'service rebalance', usage: 'SERVICE...', arity: [1, null], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const { control, services } = await findServices(context, context.arguments);
  for (const service of services) {
    const { stack, name } = service;
    const response = await control.rebalanceService({ stack, service: name });
    if (response.steps.length === 0) context.io.stderr.write(`Service ${name} is spread as evenly as it can be\n`);
    await followChange(context, control, { service, response, goal: 'completed', detach: context.flags.detach });
  }
  return 0;
}

import { readScale } from '../../command-line/read-scale.ts';
import { defineVerb, type CommandContext } from '../../command-line/verb.ts';
import { findServices } from '../../services/find-service.ts';
import { followChange } from '../../services/follow-change.ts';

const flags = { detach: { type: 'boolean', short: 'd', help: 'Do not wait for the end' } } as const;

/** `tsstack service scale` */
export const scale = defineVerb({ name: 'service scale', usage: 'SERVICE=N...', arity: [1, null], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const numbers = readScale(context.arguments);
  const { control, services } = await findServices(context, Object.keys(numbers));
  for (const [index, replicas] of Object.values(numbers).entries()) {
    const service = services[index];
    if (service === undefined) continue;
    const { stack, name, version } = service;
    const response = await control.updateService({ stack, service: name, version, replicas });
    await followChange(context, control, { service, response, goal: 'completed', detach: context.flags.detach });
  }
  return 0;
}

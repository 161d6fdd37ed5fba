import { defineVerb, type CommandContext } from '../../command-line/verb.ts';
import { UsageError } from '../../errors.ts';
import { findServices } from '../../services/find-service.ts';
import { followChange } from '../../services/follow-change.ts';

const flags = {
  detach: { type: 'boolean', short: 'd', help: 'Do not wait for the end' },
  force: { type: 'boolean', help: 'Replace every container, changed or not; run a job now' },
  image: { type: 'string', value: 'IMAGE', help: 'Image of its containers from now on' },
  replicas: { type: 'integer', value: 'N', help: 'How many containers it has from now on' },
} as const;

/** `tsstack service update` */
export const update = defineVerb({ name: 'service update', usage: 'SERVICE', arity: [1, 1], flags, run });

/** The file stays as it is: the next `plan` of it shows what was changed here, and `up` takes that back. */
async function run(context: CommandContext<typeof flags>): Promise<number> {
  const { detach, force, image = '', replicas } = context.flags;
  if (replicas !== undefined && replicas < 0) throw new UsageError('--replicas takes a number from 0');
  if (!force && image === '' && replicas === undefined) {
    throw new UsageError('there is nothing to change', 'give --image, --replicas or --force; the rest is in the file');
  }
  const { control, services } = await findServices(context, context.arguments);
  for (const service of services) {
    const { stack, name, version } = service;
    const request = { stack, service: name, version, force, image };
    const response = await control.updateService({ ...request, replicas: replicas ?? null });
    await followChange(context, control, { service, response, goal: 'completed', detach });
  }
  return 0;
}

import type { AnyVerb, CommandContext } from '../../command-line/verb.ts';
import { UsageError } from '../../errors.ts';
import { findServices } from '../../services/find-service.ts';
import { logs as logsOfStack } from '../logs.ts';

/** `tsstack service logs`: that of the stack whose services are named. */
export const logs: AnyVerb = { ...logsOfStack, name: 'service logs', usage: 'SERVICE...', arity: [1, null], run };

async function run(context: CommandContext): Promise<number> {
  const { services } = await findServices(context, context.arguments);
  const [stack = '', other] = new Set(services.map((service) => service.stack));
  if (other !== undefined)
    throw new UsageError(`${stack} and ${other} are two stacks`, 'name services of one stack at a time');
  const globals = { ...context.globals, 'project-name': stack };
  return logsOfStack.run({ ...context, globals, arguments: services.map(({ name }) => name) });
}

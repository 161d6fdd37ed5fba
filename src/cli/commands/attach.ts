import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { openStack } from '../project/existing-stack.ts';
import { pickContainer } from '../project/pick-container.ts';
import { defaultDetachKeys, parseDetachKeys } from '../streams/detach-keys.ts';
import { callStream, openStream } from '../streams/open-stream.ts';
import { runSession, terminalSize } from '../streams/session.ts';

const flags = {
  'detach-keys': { type: 'string', value: 'KEYS', help: `Keys that leave it running, default ${defaultDetachKeys}` },
  index: { type: 'integer', value: 'N', help: 'Number of the container' },
  'no-stdin': { type: 'boolean', help: 'Do not send standard input' },
  'sig-proxy': { type: 'boolean', default: true, help: 'Send it the signals that this command gets' },
} as const;

/** `tsstack attach` */
export const attach = defineVerb({ name: 'attach', usage: 'SERVICE', arity: [1, 1], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const [service = ''] = context.arguments;
  const detachKeys = parseDetachKeys(context.flags['detach-keys'] ?? defaultDetachKeys);
  const { control, tasks } = await openStack(context, [service]);
  const task = pickContainer(tasks, service, context.flags.index);
  const { stdinOpen, tty } = task.spec.container;
  const stdin = stdinOpen && !context.flags['no-stdin'];
  const target = { taskId: task.id };
  const size = tty ? terminalSize(context.io) : null;
  const stream = await openStream(control, 'attach', { stdin, output: true, start: false, size }, target);
  const forward = (signal: string): void => {
    callStream(control, 'signal', { signal }, target).catch(() => undefined); // it has ended: so will this
  };
  const onSignal = context.flags['sig-proxy'] && !tty ? forward : null;
  return runSession(stream, context.io, { tty, stdin, detachKeys, onSignal });
}

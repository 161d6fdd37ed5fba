import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { stopDaemon } from '../connection/stop-daemon.ts';

const flags = {
  'data-root': { type: 'string', value: 'DIR', help: 'Where images, volumes, logs and the store lie' },
  'run-root': { type: 'string', value: 'DIR', help: 'Where sockets and secrets lie; what a reboot may take' },
  'cdi-directories': {
    type: 'string',
    value: 'DIRS',
    help: 'Where the specs of devices (CDI) lie, with colons between',
  },
  'log-level': { type: 'string', value: 'LEVEL', choices: ['error', 'info', 'debug'], help: 'How much the log says' },
  runtime: { type: 'string', value: 'NAME', help: 'OCI runtime (runc, crun, a path) of services that name none' },
  'generic-resource': { type: 'strings', value: 'KIND=N|NAMES', help: 'What it has to reserve: ssd=3, gpu=A,B' },
  'engine-label': { type: 'strings', value: 'KEY=VALUE', help: 'What constraints know as engine.labels.KEY' },
  'reserve-cpus': { type: 'string', value: 'NUMBER', help: 'Processors that containers cannot reserve' },
  'reserve-memory': { type: 'string', value: 'SIZE', help: 'Memory that containers cannot reserve' },
  stop: { type: 'boolean', help: 'End the daemon that runs; containers run on' },
} as const;

/** `tsstack daemon`: runs in the foreground until SIGTERM or SIGINT; containers run on without it. */
export const daemon = defineVerb({ name: 'daemon', usage: '', arity: [0, 0], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const { stop, ...options } = context.flags;
  if (stop) return stopDaemon(context);
  const given = Object.entries({ host: context.globals.host, ...options });
  const { runDaemon } = await import('../../daemon/run-daemon.ts');
  await runDaemon(given.flatMap(([name, value]) => [value ?? ''].flat().flatMap((one) => argument(name, one))));
  // The daemon's own signal handlers end the process.
  return new Promise(() => undefined);
}

function argument(name: string, value: string): readonly string[] {
  return value === '' ? [] : [`--${name}`, value];
}

import { defineVerb } from '../command-line/verb.ts';
import { UsageError } from '../errors.ts';
import { connect } from '../connection/connect.ts';
import { openProgress } from '../output/progress/open-progress.ts';
import { QuietProgress } from '../output/progress/quiet-progress.ts';
import { loadProject } from '../project/load-project.ts';
import { createOneOff, startDetached } from '../run/create-one-off.ts';
import { readService } from '../run/read-service.ts';
import { runFlags } from '../run/run-flags.ts';
import type { RunContext, RunJob } from '../run/run-job.ts';
import { startAttached } from '../run/start-attached.ts';
import { wantsTerminal } from '../streams/wants-terminal.ts';
import { prepareApply } from '../up/prepare-apply.ts';

/** `tsstack run` */
export const run = defineVerb({
  name: 'run',
  usage: 'SERVICE [COMMAND] [ARGUMENT...]',
  arity: [1, null],
  stopAtArgument: true,
  flags: runFlags,
  run: runOneOff,
});

async function runOneOff(context: RunContext): Promise<number> {
  const { flags, io } = context;
  if (flags['service-ports'] && flags.publish.length > 0)
    throw new UsageError('--service-ports and --publish cannot be combined');
  const tty = wantsTerminal(io, {
    isOff: flags['no-tty'] || flags.detach || !flags.tty,
    isAskedFor: context.given.has('tty') && flags.tty,
  });
  const connecting = connect(context, 'start');
  connecting.catch(() => undefined);
  const loaded = loadProject(context, context.arguments.slice(0, 1));
  const { name } = readService(context, loaded, tty).service;
  const control = await connecting;
  const progress = flags.quiet ? new QuietProgress(io.stderr) : openProgress(context, 'run');
  if (context.globals['dry-run']) {
    progress.event({ id: `Container ${loaded.spec.name}-${name}-run`, state: 'done', text: 'Created' });
    progress.stop();
    return 0;
  }
  try {
    const only = flags['no-deps'] ? [name] : undefined;
    const provided = await prepareApply(context, control, loaded, { progress, only, oneOff: name });
    const { spec, service } = readService(context, provided, tty);
    const job: RunJob = { context, control, stack: spec.name, service, progress };
    const made = await createOneOff(job, spec);
    return await (flags.detach ? startDetached(job, made) : startAttached(job, made));
  } finally {
    progress.stop();
  }
}

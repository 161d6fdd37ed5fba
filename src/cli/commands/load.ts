import { connect } from '../connection/connect.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { openProgress } from '../output/progress/open-progress.ts';
import { openInput } from '../project/open-input.ts';
import { uploadEvent } from '../streams/image-progress.ts';
import { upload } from '../streams/upload.ts';

const flags = {
  input: { type: 'string', short: 'i', value: 'FILE', help: 'Archive to read, default standard input' },
  quiet: { type: 'boolean', short: 'q', help: 'Show no progress' },
} as const;

/** `tsstack load` */
export const load = defineVerb({ name: 'load', usage: '[FILE]', arity: [0, 1], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const path = context.flags.input ?? context.arguments[0];
  const file = openInput(context.io, path);
  const control = await connect(context, 'start');
  const progress = openProgress(context, 'load');
  const loaded: string[] = [];
  try {
    await upload(control, 'image.load', {}, file, (document) => {
      if (document.status === 'loaded') loaded.push(document.id);
      else if (!context.flags.quiet) progress.event(uploadEvent(path ?? '-', document));
    });
  } finally {
    progress.stop();
  }
  context.io.stdout.write(loaded.map((reference) => `Loaded image: ${reference}\n`).join(''));
  return 0;
}

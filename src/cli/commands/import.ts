import { connect } from '../connection/connect.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { openProgress } from '../output/progress/open-progress.ts';
import { openInput } from '../project/open-input.ts';
import { uploadEvent } from '../streams/image-progress.ts';
import { upload } from '../streams/upload.ts';

const flags = {
  change: {
    type: 'strings',
    short: 'c',
    value: 'INSTRUCTION',
    help: 'Set something of the image: "CMD [\\"sh\\"]", "ENV A=b", …',
  },
} as const;

/** `tsstack import` */
export const importImage = defineVerb({ name: 'import', usage: 'FILE|- REFERENCE', arity: [2, 2], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const [path = '-', reference = ''] = context.arguments;
  const file = openInput(context.io, path);
  const control = await connect(context, 'start');
  const progress = openProgress(context, 'import');
  try {
    await upload(control, 'image.import', { reference, changes: context.flags.change }, file, (document) => {
      if (document.status !== 'loaded') progress.event(uploadEvent(reference, document));
    });
  } finally {
    progress.stop();
  }
  context.io.stdout.write(`Loaded image: ${reference}\n`);
  return 0;
}

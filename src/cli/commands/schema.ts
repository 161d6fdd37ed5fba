import { stackFileJsonSchema } from '../../stack/schema/json-schema.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { writeOutput } from '../output/write-output.ts';

const flags = {} as const;

/** `tsstack schema` */
export const schema = defineVerb({ name: 'schema', usage: '', arity: [0, 0], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  await writeOutput(context.io.stdout, `${JSON.stringify(stackFileJsonSchema(), null, 2)}\n`);
  return 0;
}

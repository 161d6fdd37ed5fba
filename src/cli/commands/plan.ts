import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { connect } from '../connection/connect.ts';
import { hasColours } from '../output/colour.ts';
import { readFormat } from '../output/format-flag.ts';
import { planText } from '../output/show-plan.ts';
import { writeOutput } from '../output/write-output.ts';
import { loadProject } from '../project/load-project.ts';
import { planApply } from '../up/plan-apply.ts';
import { applyFlags, startFlags } from '../up/up-flags.ts';

const flags = {
  ...applyFlags,
  ...startFlags,
  format: { type: 'string', value: 'FORMAT', help: 'text or json' },
} as const;

/** `tsstack plan` */
export const plan = defineVerb({ name: 'plan', usage: '[SERVICE...]', arity: [0, null], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const format = readFormat(context.flags.format, ['text', 'json']);
  const project = loadProject(context, context.arguments);
  const control = await connect(context, 'start');
  const response = await planApply(context, control, project);
  const { steps, orphans, warnings } = response;
  const colours = hasColours(context.globals, context.io, context.io.stdout);
  const text = format === 'json' ? `${JSON.stringify({ steps, orphans, warnings })}\n` : planText(response, colours);
  await writeOutput(context.io.stdout, text);
  return 0;
}

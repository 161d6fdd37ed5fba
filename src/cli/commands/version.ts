import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { readFormat } from '../output/format-flag.ts';
import { tsstackVersion } from '../version.ts';

const flags = {
  format: { type: 'string', short: 'f', value: 'FORMAT', help: 'pretty or json' },
  short: { type: 'boolean', help: 'Print only the number' },
} as const;

/** `tsstack version` */
export const version = defineVerb({ name: 'version', usage: '', arity: [0, 0], flags, run });

function run(context: CommandContext<typeof flags>): Promise<number> {
  const format = readFormat(context.flags.format, ['pretty', 'json']);
  context.io.stdout.write(`${render(context.flags.short, format)}\n`);
  return Promise.resolve(0);
}

function render(isShort: boolean, format: string): string {
  if (isShort) return tsstackVersion();
  return format === 'json' ? JSON.stringify({ version: tsstackVersion() }) : `tsstack version ${tsstackVersion()}`;
}

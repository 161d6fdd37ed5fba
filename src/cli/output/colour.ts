import type { CommandIo, OutputStream } from '../command-line/io.ts';
import type { GlobalFlags } from '../command-line/global-flags.ts';

const codes = { red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36, bold: 1, dim: 2 } as const;

export type Colour = keyof typeof codes;

/** The text in a colour, or as it is when colours are off. */
export function paint(text: string, colour: Colour, isOn: boolean): string {
  return isOn ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text;
}

/** Whether text on that stream is coloured: --ansi, COMPOSE_ANSI, NO_COLOR, else only on a terminal. */
export function hasColours(
  globals: Pick<GlobalFlags, 'ansi'>,
  io: Pick<CommandIo, 'env'>,
  stream: OutputStream,
): boolean {
  const wish = globals.ansi ?? (io.env['COMPOSE_ANSI'] || 'auto');
  if (wish !== 'auto') return wish === 'always';
  return stream.isTTY === true && (io.env['NO_COLOR'] ?? '') === '' && io.env['TERM'] !== 'dumb';
}

import { constants } from 'node:os';
import { UsageError } from '../errors.ts';

const highestSignal = 64;

/** Signal of `-s`: a number, or a name in any case, with or without SIG. The names of real-time signals are RTMIN+N and RTMAX-N. */
export function readSignal(text: string): string {
  const number = /^\d+$/.test(text) ? Number(text) : null;
  if (number !== null && number >= 1 && number <= highestSignal) return text;
  const name = text.toUpperCase().replace(/^SIG/, '');
  if (Object.hasOwn(constants.signals, `SIG${name}`) || /^RT(MIN(\+\d+)?|MAX(-\d+)?)$/.test(name)) return `SIG${name}`;
  throw new UsageError(`invalid signal "${text}" for --signal`, 'write a name such as SIGTERM or HUP, or a number');
}

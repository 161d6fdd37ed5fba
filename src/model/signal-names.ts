import { constants } from 'node:os';

const highestSignal = 64;

/**
 * `SIGTERM` of `term`: a signal by its name in any case, with or without SIG; a number stays as it is. The names of real-time signals are RTMIN+N and RTMAX-N.
 * Undefined for what is no signal.
 */
export function signalOf(text: string): string | undefined {
  const number = /^\d+$/.test(text) ? Number(text) : null;
  if (number !== null && number >= 1 && number <= highestSignal) return text;
  const name = text.toUpperCase().replace(/^SIG/, '');
  const isKnown = Object.hasOwn(constants.signals, `SIG${name}`) || /^RT(MIN(\+\d+)?|MAX(-\d+)?)$/.test(name);
  return isKnown ? `SIG${name}` : undefined;
}

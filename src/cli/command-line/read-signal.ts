import { signalOf } from '../../model/signal-names.ts';
import { UsageError } from '../errors.ts';

/** Signal of `-s`, as signalOf() reads it. */
export function readSignal(text: string): string {
  const signal = signalOf(text);
  if (signal !== undefined) return signal;
  throw new UsageError(`invalid signal "${text}" for --signal`, 'write a name such as SIGTERM or HUP, or a number');
}

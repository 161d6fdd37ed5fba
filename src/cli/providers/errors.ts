import { TsstackError } from '../../model/errors.ts';

/** A provider or a model runner that does not do its part; the keys are those of what the file asks of it. */
export class PlatformError extends TsstackError {
  constructor(keys: readonly string[], message: string, hint?: string, cause?: unknown) {
    super('unavailable', message, { keys, cause, ...(hint === undefined ? {} : { hint }) });
  }
}

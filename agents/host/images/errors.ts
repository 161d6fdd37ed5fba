import { TsstackError } from '../../../src/model/errors.ts';
import type { FoundImage } from '../../../src/model/found-image.ts';
import { diskFullError } from '../disk-full.ts';
import { NativeError } from '../native/native-error.ts';

/** Neither this host nor the source has the image. */
export class ImageNotFoundError extends TsstackError {
  constructor(reference: string, where: string, hint: string, cause?: unknown) {
    super('not-found', `get image ${reference}: ${where}`, { hint, cause });
  }
}

/** The source refuses to hand out the image. */
export class UnauthorizedError extends TsstackError {
  constructor(reference: string, host: string, problem: string) {
    super('permission', `pull image ${reference}: ${problem}`, {
      hint: `check the name; if the image is private, log in with "docker login ${host}" as the user that runs the daemon`,
    });
  }
}

/** Nothing arrives from the registry any more. */
export class RegistryTimeoutError extends TsstackError {
  constructor(host: string, problem: string) {
    super('timeout', `talk to registry ${host}: ${problem}`, {
      retryable: true,
      hint: `check that ${host} is up and can be reached from this host, then try again; what was downloaded so far is kept`,
    });
  }
}

/** The registry cannot be reached, or answers with an error that may pass. */
export class RegistryUnavailableError extends TsstackError {
  constructor(host: string, problem: string, cause?: unknown) {
    super('unavailable', `talk to registry ${host}: ${problem}`, {
      retryable: true,
      cause,
      hint: `check that ${host} is up and can be reached from this host, then try again`,
    });
  }
}

/** What arrived is not what its digest or size promises. */
export class DigestMismatchError extends TsstackError {
  constructor(what: string, expected: string, found: string) {
    super('invalid', `verify ${what}: expected ${expected}, found ${found}`, {
      hint: 'the copy at the source is damaged or was changed on the way; push or export the image again',
    });
  }
}

/** A document or archive breaks the rules of its format. */
export class MalformedImageError extends TsstackError {
  constructor(what: string, problem: string, cause?: unknown) {
    super('invalid', `read ${what}: ${problem}`, {
      cause,
      hint: 'Build, push or export the image again with a current tool.',
    });
  }
}

/** A valid image of a kind that cannot run here. */
export class UnsupportedImageError extends TsstackError {
  constructor(reference: string, problem: string, hint: string) {
    super('unsupported', `get image ${reference}: ${problem}`, { hint });
  }
}

/** No registry and no node of the cluster gives the image. */
export class NotSharedError extends TsstackError {
  constructor(
    name: string,
    { imageId, absent }: FoundImage,
    failures: readonly { readonly place: string; readonly error: unknown }[],
  ) {
    const told = failures.filter(({ error }) => !(error instanceof TsstackError && error.code === 'not-found'));
    const tries = told.map(({ place, error }) => `${place}: ${(error as Error).message}`);
    const where = absent === '' ? 'no node that is connected has it' : `it is only on ${absent}`;
    super('unavailable', [`get image ${name} (${imageId.slice(7, 19)}): ${where}`, ...tries].join('; '), {
      cause: failures[0]?.error,
      retryable: true,
      hint:
        absent === ''
          ? 'bring it to a manager again, with "tsstack load", "tsstack import" or "tsstack pull"'
          : 'bring that node back, or bring the image to a manager again with "tsstack load" or "tsstack pull"',
    });
  }
}

/** Containers still need the image. */
export class ImageInUseError extends TsstackError {
  constructor(reference: string, users: readonly string[]) {
    super('conflict', `remove image ${reference}: used by ${users.join(', ')}`, {
      hint: 'remove these containers first, or use --force to remove only the name',
    });
  }
}

/** What stopped an image from getting here, where the failure itself does not name the image. */
export class PullError extends TsstackError {
  constructor(what: string, cause: unknown) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    const known = cause instanceof TsstackError ? cause : null;
    super(known?.code ?? 'internal', `${what}: ${problem}`, {
      cause,
      retryable: known?.retryable ?? false,
      hint: known?.hint ?? 'the log of the daemon says more (tsstack info shows where it is)',
    });
  }
}

/** Turns what the disk and the native program report about an image's data into errors for people. */
export function translateStorageError(error: unknown, what: string, directory: string): unknown {
  const full = diskFullError(error, what, directory);
  if (full !== undefined) return full;
  if (error instanceof NativeError && error.nativeCode === 'invalid') {
    return new MalformedImageError(what, error.message, error);
  }
  return error;
}

import { TsstackError } from '../../../src/model/errors.ts';
import type { ErrorCode } from '../../../src/model/errors.ts';
import { startHint } from './start-hint.ts';

/** Codes of docs/native.md, "Error object". */
export type NativeErrorCode =
  | 'invalid'
  | 'not-found'
  | 'exists'
  | 'state'
  | 'mount'
  | 'namespace'
  | 'cgroup'
  | 'network'
  | 'exec-not-found'
  | 'exec-not-executable'
  | 'seccomp'
  | 'user'
  | 'id-map'
  | 'io'
  | 'internal';

/** The error object as the native programs send it. */
export interface NativeErrorObject {
  readonly code: NativeErrorCode;
  readonly message: string;
  /** Symbolic name such as `ENOENT`; empty when no system call failed. */
  readonly errno: string;
  /** File, or field of the request; may be empty. */
  readonly path: string;
}

const codes: Readonly<Record<NativeErrorCode, ErrorCode>> = {
  invalid: 'invalid',
  'not-found': 'not-found',
  exists: 'exists',
  state: 'conflict',
  mount: 'internal',
  namespace: 'internal',
  cgroup: 'internal',
  network: 'internal',
  'exec-not-found': 'not-found',
  'exec-not-executable': 'permission',
  seccomp: 'internal',
  user: 'invalid',
  'id-map': 'unsupported',
  io: 'internal',
  internal: 'internal',
};

/** A native program reports that it could not do something. */
export class NativeError extends TsstackError {
  readonly nativeCode: NativeErrorCode;
  readonly errno: string;
  readonly path: string;

  constructor(error: NativeErrorObject) {
    const hint = startHint(error.code, error.message);
    super(codes[error.code] ?? 'internal', error.message, hint === null ? {} : { hint });
    this.nativeCode = error.code;
    this.errno = error.errno;
    this.path = error.path;
  }
}

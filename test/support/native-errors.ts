import { NativeError } from '../../agents/host/native/native-error.ts';

/** For `assert.rejects`: an error of a native program with this code. */
export function isNativeError(code: string): (error: unknown) => boolean {
  return (error) => {
    if (error instanceof NativeError && error.nativeCode === code) return true;
    throw error;
  };
}

import { NativeError } from '../../agents/host/native/native-error.ts';

/** For `assert.rejects`: an error of a native program with this code, and this text in its message. */
export function isNativeError(code: string, text = ''): (error: unknown) => boolean {
  return (error) => {
    if (error instanceof NativeError && error.nativeCode === code && error.message.includes(text)) return true;
    throw error;
  };
}

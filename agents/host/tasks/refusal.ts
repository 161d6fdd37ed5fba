/** True for the word of a native program that it has not done what was asked; after any other error it may have. */
export function isRefusal(error: unknown): error is Error & { readonly nativeCode: string } {
  return error instanceof Error && 'nativeCode' in error && typeof error.nativeCode === 'string';
}

/** `platform` of a service: `linux/ARCHITECTURE`, in the words of the OCI image spec. */

/** `v8` is what arm64 means. Of other variants nodes do not say whether they can run them. */
export const platformPattern = /^linux\/(386|amd64|arm|arm64(\/v8)?|loong64|ppc64le|riscv64|s390x)$/;

/** `arm64` of `linux/arm64/v8`. */
export function architectureOfPlatform(platform: string): string {
  return platform.split('/')[1] ?? platform;
}

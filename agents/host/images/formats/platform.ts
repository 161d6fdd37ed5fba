/** What an image was built for, in the words of the OCI image spec. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  /** Empty when the architecture has none. */
  readonly variant: string;
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', loong64: 'loong64' };

/** The platform of this host. */
export function hostPlatform(): Platform {
  const architecture = architectures[process.arch] ?? process.arch;
  return { os: 'linux', architecture, variant: architecture === 'arm64' ? 'v8' : '' };
}

export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = platform;
  return variant === '' || (architecture === 'arm64' && variant === 'v8')
    ? `${os}/${architecture}`
    : `${os}/${architecture}/${variant}`;
}

/** How well an image of that platform runs on the host: 2 made for it, 1 runs, 0 does not. */
export function rankPlatform(candidate: Platform, host: Platform): 0 | 1 | 2 {
  if (candidate.os !== host.os || candidate.architecture !== host.architecture) return 0;
  if (candidate.variant === host.variant) return 2;
  // An absent variant means the baseline; a named one (amd64 v3, arm64 v9) may need more than this host has.
  return candidate.variant === '' ? 1 : 0;
}

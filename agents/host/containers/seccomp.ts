import defaultProfile from './seccomp-default.json' with { type: 'json' };
import type { OciSeccomp, OciSyscallArgument, OciSyscallRule } from './oci-spec.ts';

/** Facts that decide which rules of a profile apply. */
export interface SeccompContext {
  readonly capabilities: readonly string[];
  /** As `process.arch`: x64, arm64, … */
  readonly architecture: string;
  /** As `uname -r`. */
  readonly kernel: string;
}

const eperm = 1;
const enosys = 38;

/**
 * The filter of a container: null stands for the built-in profile, `unconfined` for none, anything else is the text of a
 * profile in the JSON form that container engines share.
 */
export async function loadSeccomp(profile: string | null, context: SeccompContext): Promise<OciSeccomp | undefined> {
  if (profile === 'unconfined') return undefined;
  if (profile === null) return buildDefaultSeccomp(context);
  // Profiles of one's own are rare, and the validator that reads them takes longer to load than a daemon to start.
  const { parseSeccompProfile } = await import('./seccomp-profile.ts');
  return parseSeccompProfile(profile, context);
}

/** The built-in filter (seccomp-default.json): what is not listed fails with EPERM. */
export function buildDefaultSeccomp(context: SeccompContext): OciSeccomp {
  const architectures: Readonly<Record<string, { names: readonly string[]; syscalls: readonly string[] }>> =
    defaultProfile.architectures;
  const architecture = architectures[context.architecture];
  const byCapability = Object.entries(defaultProfile.capabilities)
    .filter(([capability]) => context.capabilities.includes(capability))
    .flatMap(([, lines]) => names(lines));
  const allowed = new Set([...names(defaultProfile.always), ...names(architecture?.syscalls ?? []), ...byCapability]);
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: eperm,
    architectures: architecture?.names ?? [],
    syscalls: [
      { names: [...allowed], action: 'SCMP_ACT_ALLOW' },
      ...socketRules(),
      ...defaultProfile.personalities.map((value) => allow('personality', { index: 0, value, op: 'SCMP_CMP_EQ' })),
      ...(context.capabilities.includes('CAP_SYS_ADMIN') ? [] : cloneRules()),
    ],
  };
}

/** Every address family but the denied ones: below the first, between two, above the last. */
function socketRules(): OciSyscallRule[] {
  const denied = defaultProfile.deniedSocketFamilies;
  const between = Array.from(
    { length: Math.max(...denied) - Math.min(...denied) - 1 },
    (_, i) => Math.min(...denied) + 1 + i,
  );
  return [
    allow('socket', { index: 0, value: Math.min(...denied), op: 'SCMP_CMP_LT' }),
    ...between
      .filter((family) => !denied.includes(family))
      .map((family) => allow('socket', { index: 0, value: family, op: 'SCMP_CMP_EQ' })),
    allow('socket', { index: 0, value: Math.max(...denied), op: 'SCMP_CMP_GT' }),
  ];
}

/** No new namespaces; clone3 hides its flags behind a pointer, so it is "not there" and the C library falls back to clone. */
function cloneRules(): OciSyscallRule[] {
  const flags: OciSyscallArgument = {
    index: 0,
    value: defaultProfile.namespaceFlags,
    valueTwo: 0,
    op: 'SCMP_CMP_MASKED_EQ',
  };
  return [allow('clone', flags), { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: enosys }];
}

function allow(name: string, argument: OciSyscallArgument): OciSyscallRule {
  return { names: [name], action: 'SCMP_ACT_ALLOW', args: [argument] };
}

function names(lines: readonly string[]): string[] {
  return lines.flatMap((line) => line.split(' '));
}

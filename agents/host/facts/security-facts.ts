import { existsSync, readFileSync } from 'node:fs';
import { defaultApparmorProfile } from '../containers/security-labels.ts';
import type { SecurityFacts } from '../containers/security-labels.ts';
import { ifThereSync } from '../if-there.ts';

/** Which security modules this kernel has switched on, and what is loaded into them. */
export function readSecurityFacts(): SecurityFacts {
  const hasApparmor = readIfThere('/sys/module/apparmor/parameters/enabled').startsWith('Y');
  return {
    securityModules: [
      ...(hasApparmor ? (['apparmor'] as const) : []),
      ...(existsSync('/sys/fs/selinux/enforce') ? (['selinux'] as const) : []),
    ],
    hasDefaultApparmorProfile: hasApparmor && isLoaded(readIfThere('/sys/kernel/security/apparmor/profiles')),
  };
}

/** True for a list, a line `NAME (MODE)` each, with our profile. */
function isLoaded(profiles: string): boolean {
  return profiles.split('\n').some((line) => line.startsWith(`${defaultApparmorProfile} (`));
}

function readIfThere(path: string): string {
  return ifThereSync(() => readFileSync(path, 'utf8'), '');
}

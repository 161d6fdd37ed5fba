import { checkBuild } from './build.ts';
import { checkDependencies, checkCycles } from './dependencies.ts';
import { checkDeploy } from './deploy.ts';
import { checkDevices } from './devices.ts';
import { checkLimits } from './limits.ts';
import { checkReferences, checkContainerNames } from './references.ts';
import type { CheckContext, ServiceCheck } from './report.ts';
import { checkResources } from './resources.ts';
import { checkService } from './service.ts';
import { checkSharing } from './sharing.ts';

const SERVICE_CHECKS: readonly ServiceCheck[] = [
  checkService,
  checkSharing,
  checkLimits,
  checkDevices,
  checkReferences,
  checkDependencies,
  checkDeploy,
  checkBuild,
];

/** Checks what no single value shows: that names exist, that settings agree, that nothing waits for itself. */
export function checkConsistency(context: CheckContext): void {
  for (const [name, service] of Object.entries(context.project.services)) {
    if (!context.enabled.has(name)) continue;
    for (const check of SERVICE_CHECKS) check(name, service, context);
  }
  checkContainerNames(context);
  checkResources(context);
  checkCycles(context);
}

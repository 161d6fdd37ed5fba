import type { PullPolicy, StackSpec } from '../../model/spec.ts';
import type { ApplyStackRequest } from '../../rpc/messages.ts';
import { graceMs } from '../command-line/common-flags.ts';
import type { FlagValues } from '../command-line/flag.ts';
import { isTrue } from '../command-line/is-true.ts';
import { readScale } from '../command-line/read-scale.ts';
import type { LoadedSpec } from '../project/load-project.ts';
import type { applyFlags, startFlags } from './up-flags.ts';

type ApplyFlags = FlagValues<typeof applyFlags> & Partial<FlagValues<typeof startFlags>> & { readonly yes?: boolean };

/** The request of `up`, `create` and `plan`; `asksQuestions` when there is somebody who can answer them. */
export function applyRequest(
  { spec, loaded }: LoadedSpec,
  services: readonly string[],
  flags: ApplyFlags,
  asksQuestions = false,
): Partial<ApplyStackRequest> & Pick<ApplyStackRequest, 'spec'> {
  return {
    spec: JSON.stringify(withPullPolicy(spec, flags.pull)),
    // Providers have no containers.
    services: services.filter((name) => !Object.hasOwn(spec.providers, name)),
    noDeps: flags['no-deps'] ?? false,
    forceRecreate: flags['force-recreate'],
    noRecreate: flags['no-recreate'],
    alwaysRecreateDeps: flags['always-recreate-deps'] ?? false,
    removeOrphans: flags['remove-orphans'] || isTrue(loaded.lookup('COMPOSE_REMOVE_ORPHANS')),
    noStart: flags['no-start'] ?? false,
    renewAnonymousVolumes: flags['renew-anon-volumes'] ?? false,
    stopGraceMs: graceMs(flags.timeout),
    scale: readScale(flags.scale),
    changedVolumes: flags.yes === true ? 'recreate' : asksQuestions ? 'ask' : 'keep',
  };
}

/** The spec with `--pull` instead of what the services say. */
export function withPullPolicy(spec: StackSpec, wish: string | undefined): StackSpec {
  const policy = pullPolicies[wish ?? 'policy'];
  if (policy === undefined) return spec;
  const services = Object.entries(spec.services).map(([name, service]) => [name, { ...service, pullPolicy: policy }]);
  return { ...spec, services: Object.fromEntries(services) };
}

const pullPolicies: Readonly<Record<string, PullPolicy>> = {
  always: 'always',
  missing: 'missing',
  if_not_present: 'missing',
  never: 'never',
};

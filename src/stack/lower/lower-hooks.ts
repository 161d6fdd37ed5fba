import type { HookSpec, HooksSpec } from '../../model/spec.ts';
import type { ComposeService } from '../compose-types.ts';
import { invalid } from './errors.ts';

type ComposeHook = NonNullable<ComposeService['post_start']>[number];

/** The commands around the lives of a service's containers. */
export function lowerHooks(where: string, service: ComposeService): HooksSpec {
  return {
    preStart: (service.pre_start ?? []).map((hook) => ({
      ...lowerIdentity(hook),
      // As of a service: what is empty is not there.
      command: hook.command === undefined || hook.command.length === 0 ? null : hook.command,
      image: hook.image === undefined || hook.image === '' ? null : hook.image,
      perReplica: hook.per_replica ?? false,
    })),
    postStart: (service.post_start ?? []).map((hook, index) => lowerHook(`${where}.post_start[${index}]`, hook)),
    preStop: (service.pre_stop ?? []).map((hook, index) => lowerHook(`${where}.pre_stop[${index}]`, hook)),
  };
}

function lowerHook(where: string, hook: ComposeHook): HookSpec {
  if (hook.command.length === 0) throw invalid(`${where}.command`, 'is empty: a hook has to run something');
  return { ...lowerIdentity(hook), command: hook.command };
}

function lowerIdentity(
  hook: Pick<ComposeHook, 'user' | 'privileged' | 'working_dir' | 'environment'>,
): Omit<HookSpec, 'command'> {
  return {
    user: hook.user ?? null,
    privileged: hook.privileged ?? false,
    workingDir: hook.working_dir ?? null,
    environment: hook.environment ?? {},
  };
}

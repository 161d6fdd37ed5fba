import * as z from 'zod';
import { TaskError } from '../errors.ts';
import type { OciSeccomp, OciSyscallRule } from './oci-spec.ts';
import type { SeccompContext } from './seccomp.ts';
import { isKernelAtLeast } from '../facts/kernel-version.ts';

/** Go's names of architectures, which profiles use, by Node's. */
const goArchitectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', arm: 'arm', ia32: 'x86' };
const seccompArchitectures: Readonly<Record<string, string>> = {
  x64: 'SCMP_ARCH_X86_64',
  arm64: 'SCMP_ARCH_AARCH64',
  arm: 'SCMP_ARCH_ARM',
  ia32: 'SCMP_ARCH_X86',
};

const conditionSchema = z.object({
  caps: z.array(z.string()).nullish(),
  arches: z.array(z.string()).nullish(),
  minKernel: z.string().nullish(),
});

const ruleSchema = z.object({
  name: z.string().nullish(),
  names: z.array(z.string()).nullish(),
  action: z.string(),
  errnoRet: z.number().int().nullish(),
  args: z
    .array(
      z.object({
        index: z.number().int(),
        value: z.number().int(),
        valueTwo: z.number().int().nullish(),
        op: z.string(),
      }),
    )
    .nullish(),
  includes: conditionSchema.nullish(),
  excludes: conditionSchema.nullish(),
});

const profileSchema = z.object({
  defaultAction: z.string(),
  defaultErrnoRet: z.number().int().nullish(),
  architectures: z.array(z.string()).nullish(),
  archMap: z.array(z.object({ architecture: z.string(), subArchitectures: z.array(z.string()).nullish() })).nullish(),
  flags: z.array(z.string()).nullish(),
  listenerPath: z.string().nullish(),
  listenerMetadata: z.string().nullish(),
  syscalls: z.array(ruleSchema).nullish(),
});

/** Reads a profile given by the user and keeps the rules whose conditions hold. */
export function parseSeccompProfile(text: string, context: SeccompContext): OciSeccomp {
  const profile = parse(text);
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet == null ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    architectures: architecturesOf(profile, context),
    ...(profile.flags == null ? {} : { flags: profile.flags }),
    ...(profile.listenerPath == null ? {} : { listenerPath: profile.listenerPath }),
    ...(profile.listenerMetadata == null ? {} : { listenerMetadata: profile.listenerMetadata }),
    syscalls: (profile.syscalls ?? []).filter((rule) => applies(rule, context)).map(toOciRule),
  };
}

function parse(text: string): z.infer<typeof profileSchema> {
  try {
    return profileSchema.parse(JSON.parse(text));
  } catch (cause) {
    const detail = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new TaskError('invalid', `security_opt seccomp: not a seccomp profile: ${detail}`, { cause });
  }
}

function architecturesOf(profile: z.infer<typeof profileSchema>, context: SeccompContext): readonly string[] {
  if (profile.architectures != null && profile.architectures.length > 0) return profile.architectures;
  const own = seccompArchitectures[context.architecture];
  const entry = profile.archMap?.find((candidate) => candidate.architecture === own);
  return entry === undefined ? [] : [entry.architecture, ...(entry.subArchitectures ?? [])];
}

function applies(rule: z.infer<typeof ruleSchema>, context: SeccompContext): boolean {
  const { includes, excludes } = rule;
  const architecture = goArchitectures[context.architecture] ?? context.architecture;
  if (includes != null) {
    if (includes.arches?.length && !includes.arches.includes(architecture)) return false;
    if (!(includes.caps ?? []).every((name) => context.capabilities.includes(name))) return false;
    if (includes.minKernel && !isKernelAtLeast(context.kernel, includes.minKernel)) return false;
  }
  if (excludes != null) {
    if (excludes.arches?.includes(architecture)) return false;
    if ((excludes.caps ?? []).some((name) => context.capabilities.includes(name))) return false;
    if (excludes.minKernel && isKernelAtLeast(context.kernel, excludes.minKernel)) return false;
  }
  return true;
}

function toOciRule(rule: z.infer<typeof ruleSchema>): OciSyscallRule {
  return {
    names: rule.names?.length ? rule.names : rule.name == null ? [] : [rule.name],
    action: rule.action,
    ...(rule.errnoRet == null ? {} : { errnoRet: rule.errnoRet }),
    ...(rule.args?.length
      ? {
          args: rule.args.map(({ index, value, valueTwo, op }) => ({
            index,
            value,
            ...(valueTwo == null ? {} : { valueTwo }),
            op,
          })),
        }
      : {}),
  };
}

import type { StreamKinds } from '../../../src/rpc/stream-kinds.ts';
import { capabilitySets } from './capabilities.ts';
import { extendEnvironment } from './environment.ts';
import type { OciProcess } from './oci-spec.ts';
import type { ResolvedUser } from './users.ts';

export interface ExecProcessInput {
  /** The container's own process, whose surroundings the new one inherits. */
  readonly base: OciProcess;
  readonly request: StreamKinds['exec']['arguments'];
  /** The user asked for, or null for the container's. */
  readonly user: ResolvedUser | null;
  /** What `privileged` gives. */
  readonly allCapabilities: readonly string[];
}

/** OCI process of a command run inside a container: the container's environment, user and directory unless the request says otherwise. */
export function buildExecProcess({ base, request, user, allCapabilities }: ExecProcessInput): OciProcess {
  const capabilities = request.privileged ? allCapabilities : base.capabilities.bounding;
  const identity = user ?? base.user;
  const home = user === null ? [] : [`HOME=${user.home}`];
  const terminal = request.tty ? ['TERM=xterm'] : [];
  const { uid, gid, additionalGids } = identity;
  return {
    terminal: request.tty,
    ...(request.tty && request.size !== null
      ? { consoleSize: { height: request.size.rows, width: request.size.columns } }
      : {}),
    user: { uid, gid, additionalGids },
    args: request.command,
    env: extendEnvironment(base.env, [...terminal, ...home, ...request.environment]),
    cwd: request.workingDir ?? base.cwd,
    capabilities: capabilitySets(capabilities, uid),
    rlimits: base.rlimits,
    noNewPrivileges: base.noNewPrivileges,
    // Also with `privileged`, which gives capabilities.
    ...(base.apparmorProfile === undefined ? {} : { apparmorProfile: base.apparmorProfile }),
    ...(base.selinuxLabel === undefined ? {} : { selinuxLabel: base.selinuxLabel }),
    ...(base.oomScoreAdj === undefined ? {} : { oomScoreAdj: base.oomScoreAdj }),
  };
}

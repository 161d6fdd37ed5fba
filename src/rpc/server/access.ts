/** Who may call what: the one place where roles are enforced. */
import { TsstackError } from '../../model/errors.ts';
import type { Peer } from '../service-types.ts';

/** Each includes the ones after it. */
type Audience = 'anybody' | 'nodes' | 'managers' | 'local';

/** By service, or by method where methods differ. What is not here is for nobody. */
const audiences: Readonly<Record<string, Audience>> = {
  '/tsstack.v1.Control/': 'managers',
  '/tsstack.v1.Dispatcher/': 'nodes',
  '/tsstack.v1.Host/': 'local',
  '/tsstack.v1.Authority/GetAuthority': 'anybody',
  '/tsstack.v1.Authority/Join': 'anybody',
  '/tsstack.v1.Authority/Renew': 'nodes',
  '/tsstack.v1.Authority/TakeRole': 'nodes',
  '/tsstack.v1.Authority/Leave': 'nodes',
  '/tsstack.v1.Authority/GetJoinToken': 'managers',
  '/tsstack.v1.Authority/RotateJoinToken': 'managers',
  '/tsstack.v1.Authority/RotateAuthority': 'managers',
  '/tsstack.v1.Authority/RotateTunnelKeys': 'managers',
};

/** Throws unless whoever is at the other end may call the method (`/package.Service/Method`). */
export function checkAccess(path: string, peer: Peer): void {
  const audience = audiences[path] ?? audiences[path.replace(/[^/]*$/, '')];
  if (audience === undefined) throw new TsstackError('permission', `${path} is for nobody`);
  if (peer.kind === 'local' || audience === 'anybody') return;
  if (peer.kind === 'stranger') throw strangerError(peer.reason);
  if (audience === 'local')
    throw new TsstackError('permission', `${path}: only on the host itself`, { hint: 'run the command there' });
  if (audience === 'managers' && peer.role !== 'manager')
    throw new TsstackError('permission', `${path}: this node is a worker, and only managers may`, {
      hint: 'run the command on a manager: `tsstack cluster status` names them',
    });
}

function strangerError(reason: string | null): TsstackError {
  return new TsstackError('permission', `only nodes of the cluster may: ${reason ?? 'no certificate was shown'}`, {
    hint: 'join the cluster with `tsstack cluster join`; compare the clocks of the hosts if this one has joined',
  });
}

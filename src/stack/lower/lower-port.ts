import type { PortSpec } from '../../model/spec.ts';
import type { ComposePort } from '../compose-types.ts';
import { invalid, unsupported } from './errors.ts';

/** One published port. */
export function lowerPort(where: string, port: ComposePort): PortSpec {
  const { protocol } = port;
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') throw unsupported(where, `protocol ${protocol}`);
  return {
    target: port.target,
    protocol,
    mode: port.mode === 'host' ? 'host' : 'ingress',
    hostIp: port.host_ip === undefined || port.host_ip === '' ? null : port.host_ip,
    published: lowerPublished(where, port.published),
  };
}

function lowerPublished(where: string, published: string | undefined): PortSpec['published'] {
  if (published === undefined || published === '' || published === '0') return null;
  const match = /^(\d+)(?:-(\d+))?$/.exec(published);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? from);
  if (match === null || to < from || to > 65_535) throw invalid(where, `"${published}" is no port to publish at`);
  return { from, to };
}

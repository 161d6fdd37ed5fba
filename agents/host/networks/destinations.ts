/** Where the published ports of this host lead, as a pure function of what its containers publish and of who is on its networks. */
import type { EndpointTask } from '../../../src/model/endpoints.ts';
import type { PublishedPort } from '../../../src/model/objects.ts';
import { addressFamily } from '../../../src/model/way-out.ts';
import type { Publication } from './network-state.ts';
import type { NftDestination, NftPublication } from './nft-plan.ts';

/** A container elsewhere or here that serves a port of its service at every node. */
type Server = Pick<EndpointTask, 'taskId' | 'nodeId' | 'addresses' | 'ports' | 'isServing'>;

/** A port with all that can be behind it. */
interface Place {
  readonly port: Omit<NftPublication, 'destinations'>;
  readonly own: Map<string, NftDestination>;
  readonly meshed: { readonly server: Server; readonly destination: NftDestination }[];
}

/**
 * Of a port of the mesh the containers that serve it, wherever they are; one of this host only for as long as it publishes it itself. Of other
 * ports the container of this host; several containers of one service share a port of it.
 */
export function destinationsOf(
  publications: readonly Publication[],
  servers: readonly Server[],
  nodeId: string,
): readonly NftPublication[] {
  const places = new Map<string, Place>();
  for (const { id, addresses, ports } of publications) {
    for (const port of ports) {
      for (const destination of leadTo(port, addresses)) placeOf(places, port).own.set(id, destination);
    }
  }
  for (const server of servers) {
    for (const port of server.ports) {
      for (const destination of leadTo(port, server.addresses))
        placeOf(places, port).meshed.push({ server, destination });
    }
  }
  return Array.from(places.values(), ({ port, own, meshed }) => {
    const serving = meshed.filter(
      ({ server }) => server.isServing && (server.nodeId !== nodeId || own.has(server.taskId)),
    );
    // Where the manager says who serves, a container that it has not said anything of is being made.
    const others = meshed.length > 0 ? [] : own.values();
    return { ...port, destinations: [...serving.map(({ destination }) => destination), ...others] };
  });
}

function leadTo({ hostIp, target }: PublishedPort, addresses: readonly string[]): readonly NftDestination[] {
  const address = addresses.find((one) => addressFamily(one) === addressFamily(hostIp));
  return address === undefined ? [] : [{ address, target }];
}

function placeOf(places: Map<string, Place>, { protocol, hostIp, published }: PublishedPort): Place {
  const key = `${protocol} ${hostIp} ${published}`;
  const place = places.get(key) ?? { port: { protocol, hostIp, port: published }, own: new Map(), meshed: [] };
  places.set(key, place);
  return place;
}

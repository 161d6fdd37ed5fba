/** Measures the network between two hosts of a lab, in a network namespace of its own; prints one JSON object. */
import { join } from 'node:path';
import { median } from '../lib/measure.ts';
import { networkObject, portOwner, portSpec, sandboxInterface } from '../../test/support/network-lab.ts';
import { endpointTask, OverlayLab } from '../../test/support/overlay-lab.ts';

const traffic = join(import.meta.dirname, 'network-traffic.ts');
const port = '5000';
const rounds = 5;
const pourMs = '500';
const knocks = '1000';

const network = { ...networkObject(1), vni: 4096 };
const separate = networkObject(2);
const service = { serviceId: 'service-web', service: 'web', virtualAddresses: ['172.30.1.200'] };
const web = endpointTask('n2', 'web', 10, network, service);
const client = endpointTask('n1', 'client', 11, network);

const lab = await OverlayLab.create(2);
try {
  await lab.addSandbox('n1', 'client', 11, network);
  await lab.addSandbox('n2', 'web', 10, network);
  await lab.connect(network, [web, client], [service]);
  // Without a tunnel a container reaches one of another host by a port that is published there.
  await lab.addSandbox('n1', 'alone', 11, separate);
  await lab.addSandbox('n2', 'open', 10, separate);
  const place = [sandboxInterface(separate, 10)];
  await lab.host('n2').service.publish(portOwner('open', 'lab-open-1'), place, [portSpec(Number(port), 6000)]);
  const [from, to] = [lab.host('n1').lab, lab.host('n2').lab];
  await to.start({ sandbox: 'open' }, process.execPath, traffic, 'drain', port);
  await to.start({ sandbox: 'web' }, process.execPath, traffic, 'drain', port);
  const [direct = ''] = web.addresses;
  const [virtual = ''] = service.virtualAddresses;
  const measure = async (
    place: 'host' | { readonly sandbox: string },
    ...command: readonly string[]
  ): Promise<number> => Number(await from.run(place, process.execPath, traffic, ...command));
  const inside = { sandbox: 'client' };
  const ways = {
    plain: () => measure({ sandbox: 'alone' }, 'pour', '10.90.0.2', '6000', pourMs),
    overlay: () => measure(inside, 'pour', direct, port, pourMs),
    virtual: () => measure(inside, 'pour', virtual, port, pourMs),
    directUs: () => measure(inside, 'knock', direct, port, knocks),
    virtualUs: () => measure(inside, 'knock', virtual, port, knocks),
  };
  // In turns, so that what else the machine does meanwhile meets all of them.
  const samples = new Map<string, number[]>(Object.keys(ways).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, way] of Object.entries(ways)) samples.get(name)?.push(await way());
  }
  const medians = Array.from(samples, ([name, values]) => [name, median(values)] as const);
  process.stdout.write(JSON.stringify(Object.fromEntries(medians)));
} finally {
  await lab.close();
}

/** Measures the network between two hosts of a lab, in a network namespace of its own; prints one JSON object. */
import { join } from 'node:path';
import type { NetworkFigures } from './network.ts';
import { median } from '../lib/measure.ts';
import { makeNative } from '../../test/support/native-build.ts';
import { networkObject, portOwner, portSpec, sandboxInterface } from '../../test/support/network-lab.ts';
import { endpointTask, OverlayLab } from '../../test/support/overlay-lab.ts';

const traffic = join(import.meta.dirname, 'network-traffic.ts');
const timer = join(makeNative('bench'), 'connection-timer');
const [port, knockPort] = ['5000', '5001'];
/** Of each measurement, which begins new processes each time. */
const turns = 5;
/** Within each: short ones, so that the two of a round meet the same machine. */
const pours = ['100', '12'];
/** As each connection is compared with its neighbour. */
const knocks = '1000';
const nsPerUs = 1000;

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
  await to.start({ sandbox: 'web' }, timer, 'serve', knockPort);
  const [direct = ''] = web.addresses;
  const [virtual = ''] = service.virtualAddresses;
  const pour = async (sandbox: string, ...command: readonly string[]): Promise<readonly (readonly number[])[]> =>
    JSON.parse(await from.run({ sandbox }, process.execPath, traffic, 'pour', ...command)) as number[][];
  const knock = async (...hosts: readonly string[]): Promise<readonly (readonly number[])[]> => {
    const lines = await from.run({ sandbox: 'client' }, timer, 'knock', knockPort, knocks, ...hosts);
    return lines
      .trim()
      .split('\n')
      .map((line) => line.split(' ').map((ns) => Number(ns) / nsPerUs));
  };
  const plain: number[] = [];
  const pairs: { readonly pours: (readonly number[])[]; readonly knocks: (readonly number[])[] } = {
    pours: [],
    knocks: [],
  };
  for (let turn = 0; turn < turns; turn += 1) {
    plain.push(...(await pour('alone', '6000', ...pours, '10.90.0.2')).flat());
    pairs.pours.push(...(await pour('client', port, ...pours, direct, virtual)));
    pairs.knocks.push(...(await knock(direct, virtual)));
  }
  const between = (
    rows: readonly (readonly number[])[],
    compare: (direct: number, virtual: number) => number,
  ): number => median(rows.map(([direct = Number.NaN, virtual = Number.NaN]) => compare(direct, virtual)));
  const figures: NetworkFigures = {
    plain: median(plain),
    overlay: between(pairs.pours, (direct) => direct),
    virtualPart: between(pairs.pours, (direct, virtual) => virtual / direct),
    virtualMoreUs: between(pairs.knocks, (direct, virtual) => virtual - direct),
  };
  process.stdout.write(JSON.stringify(figures));
} finally {
  await lab.close();
}

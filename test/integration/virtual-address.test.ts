import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { EndpointTask } from '../../src/model/endpoints.ts';
import type { NetworkObject } from '../../src/model/objects.ts';
import { networkObject } from '../support/network-lab.ts';
import { endpointTask, OverlayLab } from '../support/overlay-lab.ts';

const front: NetworkObject = { ...networkObject(1), vni: 4096 };
const service = { serviceId: 'service-web', service: 'web', virtualAddresses: ['172.30.1.200'] };
const [virtual = ''] = service.virtualAddresses;

function server(nodeId: string, id: string, last: number, change: Partial<EndpointTask> = {}): EndpointTask {
  return endpointTask(nodeId, id, last, front, { service: 'web', serviceId: service.serviceId, ...change });
}

describe("a service's own address", () => {
  let lab: OverlayLab;
  const web1 = server('n1', 'web1', 10);
  const web2 = server('n2', 'web2', 11);
  const web3 = server('n2', 'web3', 12);
  const client = endpointTask('n1', 'client', 20, front);

  const tally = async (count: number, by = 'tally'): Promise<Readonly<Record<string, number>>> => {
    const { lab: host } = lab.host('n1');
    const peer = new URL('../support/net-peer.ts', import.meta.url).pathname;
    const command = [process.execPath, peer, by, virtual, '80', String(count)];
    return JSON.parse(await host.run({ sandbox: 'client' }, ...command)) as Record<string, number>;
  };
  const connect = (...tasks: readonly EndpointTask[]): Promise<void> =>
    lab.connect(front, [client, ...tasks], [service]);

  before(async () => {
    lab = await OverlayLab.create(2);
    await lab.addSandbox('n1', 'client', 20, front);
    for (const [task, last] of [
      [web1, 10],
      [web2, 11],
      [web3, 12],
    ] as const) {
      await lab.addSandbox(task.nodeId, task.taskId, last, front);
      await lab.host(task.nodeId).lab.serve({ sandbox: task.taskId }, 'answer', '80', task.taskId);
      await lab.host(task.nodeId).lab.serve({ sandbox: task.taskId }, 'reply', '80', task.taskId);
    }
  });
  after(() => lab?.close());

  it('leads connections to its containers, wherever they are, in equal parts', async () => {
    await connect(web1, web2, web3);
    assert.deepEqual(await tally(300), { web1: 100, web2: 100, web3: 100 });
    await lab.host('n1').lab.run({ sandbox: 'client' }, 'ping', '-c', '1', '-W', '1', virtual);
  });

  it('leads none to a container that does not serve', async () => {
    await connect({ ...web1, isServing: false }, web2, { ...web3, isServing: false });
    assert.deepEqual(await tally(20), { web2: 20 });
  });

  it('refuses connections at once while no container serves', async () => {
    await connect({ ...web1, isServing: false });
    const answers = Object.keys(await tally(1));
    assert.match(answers.join(), /ECONNREFUSED/);
  });

  it('is there for containers that come later, and leads them to themselves as well', async () => {
    await connect(web1);
    assert.equal(await lab.host('n1').lab.ask({ sandbox: 'web1' }, 'tcp', virtual, 80), 'web1');
    await lab.addSandbox('n1', 'late', 21, front);
    assert.equal(await lab.host('n1').lab.ask({ sandbox: 'late' }, 'tcp', virtual, 80), 'web1');
  });

  it('keeps connections that are under way where they are, whatever changes', async () => {
    await lab.host('n2').lab.serve({ sandbox: 'web2' }, 'echo', '81');
    await connect(web2);
    const lines = lab.host('n1').lab.follow({ sandbox: 'client' }, 'talk', virtual, '81');
    assert.equal(await lines.next(), '0');
    await connect(web1, { ...web2, isServing: false });
    assert.deepEqual(await tally(4), { web1: 4 });
    for (const expected of ['1', '2', '3']) assert.equal(await lines.next(), expected);
  });

  it('is remembered of an idle connection for longer than anybody waits', async () => {
    await lab.host('n2').lab.serve({ sandbox: 'web3' }, 'echo', '82');
    await connect(web3);
    const lines = lab.host('n1').lab.follow({ sandbox: 'client' }, 'talk', virtual, '82');
    assert.equal(await lines.next(), '0');
    const table = await lab.host('n1').lab.run({ sandbox: 'client' }, 'cat', '/proc/net/nf_conntrack');
    const [, seconds] = /tcp +6 (\d+) ESTABLISHED .*dport=82 /.exec(table) ?? [];
    assert.ok(Number(seconds) > 24 * 3600, table);
  });

  it('finds an idle connection again that the kernel has forgotten, where there is no choice', async () => {
    const { lab: host } = lab.host('n1');
    const inClient = (...command: readonly string[]): Promise<string> => host.run({ sandbox: 'quiet' }, ...command);
    const setting = 'net.netfilter.nf_conntrack_tcp_timeout_established';
    const hasEntry = async (): Promise<boolean> =>
      /ESTABLISHED.* dport=83 /.test(await inClient('cat', '/proc/net/nf_conntrack'));
    await lab.addSandbox('n1', 'quiet', 22, front);
    await lab.host('n2').lab.serve({ sandbox: 'web2' }, 'echo', '83');
    await connect(endpointTask('n1', 'quiet', 22, front), web2);
    const lines = host.follow({ sandbox: 'quiet' }, 'rest', virtual, '83');
    assert.equal(await lines.next(), '0');
    assert.equal(await hasEntry(), true);
    // It holds from the next packet on, whose answer has to come in that time.
    await inClient('sysctl', '-w', `${setting}=5`);
    lines.signal('SIGUSR2');
    assert.equal(await lines.next(), '1');
    await host.until(async () => !(await hasEntry()));
    await inClient('sysctl', '-w', `${setting}=86400`);
    lines.signal('SIGUSR2');
    assert.equal(await lines.next(), '2');
  });

  it('leads datagrams in equal parts, and those of one client to one container for as long as that serves', async () => {
    await connect(web1, web2, web3);
    assert.deepEqual(await tally(30, 'survey'), { web1: 10, web2: 10, web3: 10 });
    const answers = lab.host('n1').lab.follow({ sandbox: 'client' }, 'nag', virtual, '80');
    const first = await answers.next();
    await connect(...[web1, web2, web3].toReversed());
    for (let count = 0; count < 3; count += 1) assert.equal(await answers.next(), first, 'it may stay');
    await connect(...[web1, web2, web3].filter(({ taskId }) => taskId !== first));
    let moved = await answers.next();
    // Answers may have been on their way.
    while (moved === first) moved = await answers.next();
    assert.equal(await answers.next(), moved);
  });

  it('stays on one host alone, and goes with its network', async () => {
    const { lab: host, service: networks } = lab.host('n1');
    await lab.connect(front, [client, web1], [service], ['n1']);
    assert.doesNotMatch(await host.run('host', 'ip', 'link'), /tsx/);
    assert.deepEqual(await tally(2), { web1: 2 });
    await networks.removeEndpoints(front.id);
    assert.doesNotMatch(await host.run({ sandbox: 'client' }, 'nft', 'list', 'ruleset'), /172\.30\.1\.200/);
  });
});

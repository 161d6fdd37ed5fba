import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { EndpointTask } from '../../src/model/endpoints.ts';
import type { NetworkObject, PublishedPort } from '../../src/model/objects.ts';
import { networkObject, portOwner, portSpec, sandboxInterface } from '../support/network-lab.ts';
import { endpointTask, OverlayLab } from '../support/overlay-lab.ts';

const front: NetworkObject = { ...networkObject(1), vni: 4096 };
/** The service's id as endpointTask() makes it. */
const service = 'service-web';

function published(protocol: 'tcp' | 'udp', port: number, hostIp = '0.0.0.0'): PublishedPort {
  return { protocol, target: 80, hostIp, published: port };
}

const ports = [
  published('tcp', 8080),
  published('udp', 8080),
  published('tcp', 8081, '127.0.0.1'),
  { ...published('udp', 8082), target: 82 },
  { ...published('udp', 8083), target: 8083 },
];

describe('ports published at every host', () => {
  let lab: OverlayLab;
  const serverOn = (nodeId: string, id: string, last: number, change: Partial<EndpointTask> = {}): EndpointTask =>
    endpointTask(nodeId, id, last, front, { service: 'web', serviceId: service, ports, ...change });
  const web1 = serverOn('n1', 'web1', 10);
  const web2 = serverOn('n2', 'web2', 11);

  const ask = (from: string, protocol: 'tcp' | 'udp', address: string, port: number): Promise<string> =>
    lab.host(from).lab.ask('host', protocol, address, port);
  const publish = (nodeId: string, id: string, last: number): Promise<readonly PublishedPort[]> =>
    lab
      .host(nodeId)
      .service.publish(
        portOwner(id, `lab-${id}`, service),
        [sandboxInterface(front, last)],
        [
          portSpec(80, 8080),
          portSpec(80, 8080, 'udp'),
          portSpec(80, 8081, 'tcp', '127.0.0.1'),
          portSpec(82, 8082, 'udp'),
          portSpec(8083, 8083, 'udp'),
        ],
      );

  before(async () => {
    lab = await OverlayLab.create(3);
    await lab.addSandbox('n1', 'web1', 10, front);
    await lab.addSandbox('n2', 'web2', 11, front);
    await publish('n1', 'web1', 10);
    await publish('n2', 'web2', 11);
    for (const [nodeId, sandbox] of [
      ['n1', 'web1'],
      ['n2', 'web2'],
    ] as const) {
      await lab.host(nodeId).lab.serve({ sandbox }, 'serve', 'tcp', '80');
      await lab.host(nodeId).lab.serve({ sandbox }, 'serve', 'udp', '80');
      await lab.host(nodeId).lab.serve({ sandbox }, 'reply', '82', sandbox);
    }
    await lab.connect(front, [web1]);
  });
  after(() => lab?.close());

  it('answer at every address of every host, and the container sees the client', async () => {
    for (const to of ['10.90.0.1', '10.90.0.2', '10.90.0.3']) {
      assert.equal(await ask('n3', 'tcp', to, 8080), '10.90.0.3', to);
      assert.equal(await ask('n2', 'tcp', to, 8080), '10.90.0.2', to);
    }
    assert.equal(await ask('n3', 'udp', '10.90.0.2', 8080), '10.90.0.3');
  });

  it('answer at 127.0.0.1 of every host, whose own address on the network the container sees', async () => {
    assert.equal(await ask('n3', 'tcp', '127.0.0.1', 8080), '172.30.1.103');
    assert.equal(await ask('n2', 'tcp', '127.0.0.1', 8081), '172.30.1.102');
    assert.equal(await ask('n1', 'tcp', '127.0.0.1', 8080), '172.30.1.101');
    await assert.rejects(ask('n3', 'tcp', '10.90.0.2', 8081));
  });

  it('answer containers of the network, and let hosts reach containers elsewhere', async () => {
    assert.equal(await lab.host('n2').lab.ask({ sandbox: 'web2' }, 'tcp', '10.90.0.2', 8080), '172.30.1.102');
    assert.equal(await lab.host('n3').lab.ask('host', 'tcp', '172.30.1.10', 80), '172.30.1.103');
  });

  it('lead to all containers that serve, and to none that does not', async () => {
    await lab.connect(front, [web1, web2]);
    const counts = async (): Promise<number> => {
      const table = await lab.host('n3').lab.run('host', 'nft', 'list', 'ruleset');
      return new Set(table.match(/172\.30\.1\.1[01] \. 80/g)).size;
    };
    assert.equal(await counts(), 2);
    await lab.connect(front, [{ ...web1, isServing: false }, web2]);
    for (const from of ['n1', 'n2', 'n3']) {
      const seen = await lab.host(from).lab.run('host', 'nft', 'list', 'ruleset');
      assert.doesNotMatch(seen, /: 172\.30\.1\.10 \. 80/, from);
      assert.match(seen, /: 172\.30\.1\.11 \. 80/, from);
    }
    await lab.connect(front, [
      { ...web1, isServing: false },
      { ...web2, isServing: false },
    ]);
    await assert.rejects(ask('n3', 'tcp', '10.90.0.1', 8080), /ECONNREFUSED/);
    await lab.connect(front, [web1, web2]);
  });

  it('lead datagrams of one client to one container for as long as that serves, by whichever host they come', async () => {
    for (const to of ['10.90.0.1', '10.90.0.3']) {
      await lab.connect(front, [web1, web2]);
      const answers = lab.host('n2').lab.follow('host', 'nag', to, '8082');
      const first = await answers.next();
      await lab.connect(front, [web1, web2]);
      assert.equal(await answers.next(), first, `${to}: it may stay`);
      const others = [web1, web2].map((task) => ({ ...task, isServing: task.taskId !== first }));
      await lab.connect(front, others);
      let moved = await answers.next();
      // Answers may have been on their way.
      while (moved === first) moved = await answers.next();
      assert.equal(await answers.next(), moved, to);
      await lab.connect(front, [web1, web2]);
    }
  });

  it('lead a client to others when its container has ended, though late answers of that have led it back', async () => {
    const { lab: first, service: networks } = lab.host('n1');
    const brief = serverOn('n1', 'brief', 14);
    await lab.addSandbox('n1', 'brief', 14, front);
    await networks.publish(
      portOwner('brief', 'lab-brief', service),
      [sandboxInterface(front, 14)],
      [portSpec(8083, 8083, 'udp')],
    );
    await first.serve({ sandbox: 'brief' }, 'reply', '8083', 'brief', '20');
    await lab.host('n2').lab.serve({ sandbox: 'web2' }, 'reply', '8083', 'web2');
    await lab.connect(front, [brief]);
    const answers = lab.host('n2').lab.follow('host', 'nag', '10.90.0.3', '8083');
    assert.equal(await answers.next(), 'brief');
    await lab.connect(front, [{ ...brief, isServing: false }, web2]);
    assert.equal(await answers.next(), 'brief', 'it lives, and answers');
    await networks.unpublish('brief');
    await first.run({ sandbox: 'brief' }, 'ip', 'link', 'set', 'eth0', 'down');
    await networks.removeSandbox('brief', first.path('brief'));
    await lab.connect(front, [web2]);
    let answer = await answers.next();
    while (answer === 'brief') answer = await answers.next();
    assert.equal(answer, 'web2');
  });

  it('are one port for several containers of a service on a host, and not for those of another', async () => {
    await publish('n1', 'third', 12);
    await assert.rejects(
      lab
        .host('n1')
        .service.publish(portOwner('x', 'lab-x', 'service-other'), [sandboxInterface(front, 13)], [portSpec(80, 8080)]),
      { code: 'conflict', message: /container lab-web1/ },
    );
    await lab.host('n1').service.unpublish('third');
    assert.equal(await ask('n3', 'tcp', '10.90.0.1', 8080), '10.90.0.3');
  });

  it('are left alone on a host where a program has them, and it says so', async () => {
    const { lab: third } = lab.host('n3');
    await lab.connect(front, []);
    await third.serve('host', 'serve', 'tcp', '8080');
    await lab.connect(front, [web1]);
    assert.equal(await ask('n1', 'tcp', '10.90.0.3', 8080), '10.90.0.1', 'the program answers, as it sees its client');
    assert.ok(
      third.messages.some((message) => /service web does not answer at this host: .*in use by node/.test(message)),
    );
    assert.equal(await ask('n1', 'tcp', '10.90.0.2', 8080), '10.90.0.1');
  });

  it('go on while the daemon is away, and are what they were for the next', async () => {
    const host = lab.host('n2');
    await host.service.close();
    assert.equal(await ask('n3', 'tcp', '10.90.0.2', 8080), '10.90.0.3');
    host.service = await host.lab.openService({ nodeId: 'n2' });
    assert.equal(await ask('n3', 'tcp', '10.90.0.2', 8080), '10.90.0.3');
    assert.equal(await ask('n2', 'tcp', '127.0.0.1', 8080), '172.30.1.102');
  });

  it('are refused everywhere when the service has gone', async () => {
    await Promise.all([lab.host('n1').service.unpublish('web1'), lab.host('n2').service.unpublish('web2')]);
    await lab.connect(front, []);
    for (const to of ['10.90.0.1', '10.90.0.2']) await assert.rejects(ask('n3', 'tcp', to, 8080), /ECONNREFUSED/);
  });
});

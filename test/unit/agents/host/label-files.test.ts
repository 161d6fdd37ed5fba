import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { labelFiles } from '../../../../agents/host/tasks/label-files.ts';
import type { FilesToLabel } from '../../../../agents/host/tasks/label-files.ts';
import { readHostFacts } from '../../../../agents/host/facts/host-facts.ts';
import { HostPaths } from '../../../../agents/host/host-paths.ts';
import type { ContainerSpec } from '../../../../src/model/spec.ts';
import { containerSpec } from '../../../fixtures/specs.ts';
import { noFacts } from './builders.ts';

const files: FilesToLabel = {
  own: ['/run/hosts'],
  shared: ['/dev/shm', '/run/shm'],
  mounted: [
    { path: '/data/volumes/v', relabel: 'volume' },
    { path: '/srv/all', relabel: 'shared' },
    { path: '/srv/one', relabel: 'private' },
  ],
  layers: ['/data/layers/1', '/data/containers/c/upper', '/srv/rootfs'],
};
const confined = ['type:t', 'level:s0:c1'];

describe('files of a container', () => {
  /** What is labelled on a host with these modules. */
  const labelled = async (
    spec: Partial<ContainerSpec>,
    more: Partial<FilesToLabel> = {},
    modules: readonly 'selinux'[] = ['selinux'],
  ): Promise<readonly string[]> => {
    const done: string[] = [];
    const note =
      (how: string) =>
      async (label: string, paths: readonly string[]): Promise<void> => {
        done.push(`${how} ${label.split(':').slice(2).join(':')} ${paths.join(' ')}`);
      };
    const facts = readHostFacts('/', noFacts);
    const host = {
      label: note('each'),
      labelOnce: note('once'),
      initPath: '/init',
      paths: new HostPaths({ dataRoot: '/data', runRoot: '/run' }),
      facts: { ...facts, limits: { ...facts.limits, securityModules: modules } },
    };
    await labelFiles(host, containerSpec(spec), { ...files, ...more });
    return done;
  };

  it('get the label of the container that is confined, or of all where several share them; layers are labelled once', async () => {
    assert.deepEqual(await labelled({ selinux: confined, init: true }), [
      'once container_ro_file_t:s0 /data/layers/1 /data/containers/c/upper',
      'each container_file_t:s0 /srv/all /data/volumes/v /run/shm /init',
      'each container_file_t:s0:c1 /srv/one /run/hosts',
    ]);
  });

  it('stay as they are for one that is not confined, but for what the stack file wants labelled', async () => {
    const wanted = ['each container_file_t:s0 /srv/all', 'each container_file_t:s0 /srv/one'];
    assert.deepEqual(await labelled({}), wanted);
    assert.deepEqual(await labelled({ selinux: ['disable'] }), wanted);
  });

  it('stay as they are on a host without SELinux', async () => {
    assert.deepEqual(await labelled({ selinux: confined }, { mounted: [{ path: '/etc', relabel: 'shared' }] }, []), []);
  });

  it('are not those of the system', async () => {
    for (const path of ['/', '/etc', '/usr/', '/usr/lib', '/lib64', '/var/lib', '/home'])
      await assert.rejects(labelled({}, { mounted: [{ path, relabel: 'private' }] }), /belongs to the system/, path);
    for (const path of ['/srv/data', '/home/me', '/var/lib/app', '/usrdata'])
      assert.equal((await labelled({}, { mounted: [{ path, relabel: 'private' }] })).length, 1, path);
  });
});

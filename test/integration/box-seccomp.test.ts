import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { BoxLab } from '../support/box-lab.ts';
import type { BoxSpec } from '../support/box-lab.ts';
import { SeccompAgent } from '../support/seccomp-agent.ts';

describe('tsstack-box: seccomp', () => {
  let lab: BoxLab;
  const agents: SeccompAgent[] = [];

  before(() => {
    lab = new BoxLab();
  });
  after(async () => {
    await lab.dispose();
  });
  afterEach('leaves no cgroup and no record', async () => {
    for (const agent of agents.splice(0)) await agent.dispose();
    assert.deepEqual([...lab.leftRecords(), ...lab.leftCgroups()], []);
  });

  async function listen(name: string, connections: number): Promise<{ agent: SeccompAgent; listenerPath: string }> {
    const listenerPath = join(lab.directory, `${name}.sock`);
    const agent = await SeccompAgent.listen(listenerPath, connections);
    agents.push(agent);
    return { agent, listenerPath };
  }

  const withProfile = (profile: object, more?: (spec: BoxSpec) => void) => (spec: BoxSpec) => {
    spec.linux['seccomp'] = profile;
    more?.(spec);
  };
  const allowAllBut = (names: readonly string[], action: string, more: object = {}) => ({
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names, action, ...more }],
  });

  describe('a listener', () => {
    const notify = (listenerPath: string, names: readonly string[] = ['mkdir']): object => ({
      ...allowAllBut(names, 'SCMP_ACT_NOTIFY'),
      listenerPath,
    });

    for (const noNewPrivileges of [true, false]) {
      it(`decides on system calls, ${noNewPrivileges ? 'with' : 'without'} no_new_privs`, async () => {
        const { agent, listenerPath } = await listen(`decides-${String(noNewPrivileges)}`, 1);
        // Those that come first on the way to the program are among them.
        const profile = notify(listenerPath, ['mkdir', 'execve', 'read', 'capset', 'prctl', 'sendmsg', 'close']);
        const result = await lab.run('mkdir /made; test -d /made || echo refused', (spec) => {
          withProfile(profile)(spec);
          spec.process.noNewPrivileges = noNewPrivileges;
        });
        assert.equal(result.stdout, 'refused\n', result.stderr);
        assert.match(result.stderr, /No space left/);
        await agent.state();
        assert.equal(await agent.line(), 'refused 1');
      });
    }

    it('is told which process of which container asks, at the start and at each exec', async () => {
      const { agent, listenerPath } = await listen('told', 2);
      const annotations = { 'org.example.key': 'value' };
      const id = await lab.start(
        'sleep 1000',
        withProfile({ ...notify(listenerPath), listenerMetadata: 'some text' }, (spec) => {
          spec['annotations'] = annotations;
        }),
      );
      const { pid, bundle } = JSON.parse((await lab.box('state', id)).stdout) as { pid: number; bundle: string };
      const state = { ociVersion: '1.2.0', id, pid, bundle, annotations };
      const common = { ociVersion: '1.2.0', fds: ['seccompFd'], metadata: 'some text' };
      assert.deepEqual(await agent.state(), { ...common, pid, state: { ...state, status: 'created' } });
      const entered = await lab.box('exec', id, 'mkdir', '/made');
      assert.match(entered.stderr, /No space left/);
      const { pid: execPid, ...told } = await agent.state();
      assert.deepEqual(told, { ...common, state: { ...state, status: 'running' } });
      assert.notEqual(execPid, pid);
      assert.equal((await lab.box('delete', '--force', id)).code, 0);
      assert.equal(await agent.line(), 'refused 1');
    });

    it('that is not there is an error, and the container does not start', async () => {
      const result = await lab.run('echo ran', withProfile(notify(join(lab.directory, 'nobody.sock'))));
      assert.equal(result.code, 1);
      assert.equal(result.stdout, '');
      assert.match(result.stderr, /linux\.seccomp\.listenerPath: hand over to .*nobody\.sock: No such file/);
    });

    it('is not asked when no rule says so', async () => {
      const profile = { ...allowAllBut(['mkdir'], 'SCMP_ACT_ERRNO'), listenerPath: '/no/such/socket' };
      const flags = ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'];
      assert.equal((await lab.run('echo ran', withProfile({ ...profile, flags }))).stdout, 'ran\n');
    });

    it('goes with all flags', async () => {
      const { agent, listenerPath } = await listen('flags', 1);
      const flags = ['TSYNC', 'LOG', 'SPEC_ALLOW', 'WAIT_KILLABLE_RECV'].map((name) => `SECCOMP_FILTER_FLAG_${name}`);
      const result = await lab.run('mkdir /made', withProfile({ ...notify(listenerPath), flags }));
      assert.match(result.stderr, /No space left/);
      await agent.state();
    });
  });

  describe('actions', () => {
    const cases: readonly [string, object, (result: { code: number | null; stderr: string }) => void][] = [
      ['SCMP_ACT_ALLOW', {}, ({ code }) => assert.equal(code, 0)],
      ['SCMP_ACT_LOG', {}, ({ code }) => assert.equal(code, 0)],
      ['SCMP_ACT_ERRNO', {}, ({ stderr }) => assert.match(stderr, /Operation not permitted/)],
      ['SCMP_ACT_ERRNO', { errnoRet: 28 }, ({ stderr }) => assert.match(stderr, /No space left/)],
      ['SCMP_ACT_ERRNO', { errnoRet: 0 }, ({ code }) => assert.equal(code, 0)],
      // Nobody traces it.
      ['SCMP_ACT_TRACE', { errnoRet: 7 }, ({ stderr }) => assert.match(stderr, /not implemented/)],
      ['SCMP_ACT_TRAP', {}, ({ code }) => assert.equal(code, 128 + 31)],
      ['SCMP_ACT_KILL', {}, ({ code }) => assert.equal(code, 128 + 31)],
      ['SCMP_ACT_KILL_THREAD', {}, ({ code }) => assert.equal(code, 128 + 31)],
      ['SCMP_ACT_KILL_PROCESS', {}, ({ code }) => assert.equal(code, 128 + 31)],
    ];
    for (const [action, more, check] of cases) {
      it(`${action} ${JSON.stringify(more)}`, async () => {
        const profile = allowAllBut(['mkdir', 'mkdirat', 'no_such_call'], action, more);
        check(
          await lab.run(
            '',
            withProfile(profile, (spec) => void (spec.process.args = ['/bin/mkdir', '/made'])),
          ),
        );
      });
    }
  });

  describe('a bad profile is refused with the name of the field', () => {
    const listenerPath = '/run/listener.sock';
    const cases: readonly [string, object, RegExp][] = [
      [
        'decisions about everything',
        { defaultAction: 'SCMP_ACT_NOTIFY', listenerPath },
        /linux\.seccomp\.defaultAction/,
      ],
      [
        'decisions about write',
        { ...allowAllBut(['write'], 'SCMP_ACT_NOTIFY'), listenerPath },
        /linux\.seccomp\.syscalls\[0\]\.action/,
      ],
      ['decisions of nobody', allowAllBut(['mkdir'], 'SCMP_ACT_NOTIFY'), /linux\.seccomp\.listenerPath/],
      [
        'metadata for nobody',
        { defaultAction: 'SCMP_ACT_ALLOW', listenerMetadata: 'x' },
        /linux\.seccomp\.listenerMetadata/,
      ],
      ['a number that nobody returns', allowAllBut(['mkdir'], 'SCMP_ACT_ALLOW', { errnoRet: 1 }), /\[0\]\.errnoRet/],
      [
        'a default number that nobody returns',
        { defaultAction: 'SCMP_ACT_KILL', defaultErrnoRet: 1 },
        /defaultErrnoRet/,
      ],
      ['a rule without names', allowAllBut([], 'SCMP_ACT_ERRNO'), /linux\.seccomp\.syscalls\[0\]\.names/],
      ['an unknown flag', { defaultAction: 'SCMP_ACT_ALLOW', flags: ['FAST'] }, /linux\.seccomp\.flags\[0\]/],
    ];
    for (const [name, profile, expected] of cases) {
      it(name, async () => {
        const result = await lab.run('true', withProfile(profile));
        assert.equal(result.code, 1);
        assert.match(result.stderr, expected);
      });
    }
  });
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { BoxLab } from '../support/box-lab.ts';
import type { BoxSpec } from '../support/box-lab.ts';

interface Mounted {
  readonly options: readonly string[];
  /** shared:N, master:N, unbindable; none when private. */
  readonly propagation: readonly string[];
  readonly type: string;
  readonly superOptions: readonly string[];
}

/** One line of /proc/PID/mountinfo, see proc(5). */
function parseMount(line: string): Mounted {
  const [before = '', behind = ''] = line.split(' - ');
  const fields = before.split(' ');
  const [type = '', , superOptions = ''] = behind.split(' ');
  return {
    options: (fields[5] ?? '').split(','),
    propagation: fields.slice(6).map((field) => field.split(':')[0] ?? ''),
    type,
    superOptions: superOptions.split(','),
  };
}

describe('tsstack-box mounts', () => {
  let lab: BoxLab;
  let source: string;

  /** The mount point `source`, with another one below it. */
  before(() => {
    lab = new BoxLab();
    source = join(lab.directory, 'source');
    mkdirSync(source);
    execFileSync('mount', ['-t', 'tmpfs', 'outer', source]);
    mkdirSync(join(source, 'below'));
    writeFileSync(join(source, 'file'), 'text');
    execFileSync('mount', ['-t', 'tmpfs', 'inner', join(source, 'below')]);
  });

  after(async () => {
    execFileSync('umount', ['-R', source]);
    await lab.dispose();
  });

  const add =
    (...mounts: BoxSpec['mounts']) =>
    (spec: BoxSpec): void =>
      void spec.mounts.push(...mounts);

  /** What the program finds mounted at PATH in a container with these mounts. */
  async function mountedAt(path: string, change: (spec: BoxSpec) => void): Promise<Mounted> {
    const result = await lab.run(`busybox awk '$5 == "${path}"' /proc/self/mountinfo | busybox tail -n 1`, change);
    assert.equal(result.code, 0, result.stderr);
    return parseMount(result.stdout.trim());
  }

  const tmpfs = (...options: string[]): Promise<Mounted> =>
    mountedAt('/m', add({ destination: '/m', type: 'tmpfs', source: 'tmpfs', options }));
  const bind = (path: string, ...options: string[]): Promise<Mounted> =>
    mountedAt(path, add({ destination: '/m', type: 'none', source, options: ['rbind', ...options] }));

  const flags = ['ro', 'nosuid', 'nodev', 'noexec', 'noatime', 'nodiratime', 'nosymfollow'] as const;

  describe('flags', () => {
    for (const flag of flags) {
      it(`${flag}: of a new file system, of a bind and with r of all below it; not without`, async () => {
        const has = (mounted: Mounted): boolean => mounted.options.includes(flag);
        assert.ok(has(await tmpfs(flag)));
        assert.ok(!has(await tmpfs()));
        assert.ok(has(await bind('/m', flag)));
        assert.ok(!has(await bind('/m/below', flag)));
        assert.ok(has(await bind('/m/below', `r${flag}`)));
      });
    }

    for (const [flag, opposite] of [
      ['ro', 'rw'],
      ['nosuid', 'suid'],
      ['nodev', 'dev'],
      ['noexec', 'exec'],
      ['nodiratime', 'diratime'],
      ['nosymfollow', 'symfollow'],
    ] as const) {
      it(`${opposite}: undoes ${flag}, the last one wins`, async () => {
        assert.ok(!(await tmpfs(flag, opposite)).options.includes(flag));
        assert.ok((await tmpfs(opposite, flag)).options.includes(flag));
        assert.ok(!(await bind('/m/below', `r${flag}`, `r${opposite}`)).options.includes(flag));
      });
    }

    it('make one choice of access times', async () => {
      assert.ok((await tmpfs('noatime', 'relatime')).options.includes('relatime'));
      assert.ok(!(await tmpfs('noatime', 'relatime')).options.includes('noatime'));
      const strict = await tmpfs('relatime', 'strictatime');
      assert.ok(!strict.options.includes('relatime') && !strict.options.includes('noatime'));
      assert.ok(!(await bind('/m/below', 'rstrictatime')).options.includes('relatime'));
    });

    it('of a file system are its own', async () => {
      const mounted = await tmpfs('sync', 'dirsync', 'lazytime', 'size=1m', 'mode=700');
      for (const option of ['sync', 'dirsync', 'lazytime', 'size=1024k', 'mode=700']) {
        assert.ok(mounted.superOptions.includes(option), mounted.superOptions.join());
      }
      const undone = await tmpfs('sync', 'async', 'lazytime', 'nolazytime');
      assert.ok(!undone.superOptions.includes('sync') && !undone.superOptions.includes('lazytime'));
    });

    it('work: what they forbid is forbidden', async () => {
      const script =
        'busybox ln -s /bin/true /m/link; busybox cp /bin/busybox /m/true; /m/true; cat /m/link > /dev/null';
      const mounted = (...options: string[]) => add({ destination: '/m', type: 'tmpfs', source: 'tmpfs', options });
      assert.equal((await lab.run(script, mounted('mode=755'))).stderr, '');
      assert.match((await lab.run(script, mounted('noexec'))).stderr, /\/m\/true: Permission denied/);
      assert.match((await lab.run(script, mounted('nosymfollow'))).stderr, /\/m\/link[^\n]*Too many levels/);
      assert.match((await lab.run(script, mounted('ro'))).stderr, /Read-only file system/);
    });

    it('that features lists are all understood', async () => {
      const { mountOptions } = JSON.parse((await lab.box('features')).stdout) as { mountOptions: string[] };
      // These need a source, something mounted before, or a map of ids.
      const others = new Set(['bind', 'rbind', 'remount', 'idmap', 'ridmap']);
      assert.ok([...others, ...flags, 'rro', 'rrelatime', 'tmpcopyup'].every((word) => mountOptions.includes(word)));
      const plain = mountOptions.filter((word) => !others.has(word));
      const mounts = plain.map((word, index) => ({
        destination: `/m${String(index)}`,
        type: 'tmpfs',
        source: 'tmpfs',
        options: [word],
      }));
      const result = await lab.run('true', add(...mounts));
      assert.equal(result.code, 0, result.stderr);
      assert.ok(plain.length > 50);
    });
  });

  describe('propagation', () => {
    before(() => {
      execFileSync('mount', ['--make-rshared', source]);
    });

    after(() => {
      execFileSync('mount', ['--make-rprivate', source]);
    });

    for (const [word, expected, below] of [
      [undefined, [], []],
      ['private', [], ['shared']],
      ['rprivate', [], []],
      ['slave', ['master'], ['shared']],
      ['rslave', ['master'], ['master']],
      ['shared', ['shared'], ['shared']],
      ['rshared', ['shared'], ['shared']],
      ['unbindable', ['unbindable'], ['shared']],
      ['runbindable', ['unbindable'], ['unbindable']],
    ] as const) {
      it(`${word ?? 'nothing'}: of the mount and of what is below`, async () => {
        const options = word === undefined ? [] : [word];
        assert.deepEqual((await bind('/m', ...options)).propagation, expected);
        assert.deepEqual((await bind('/m/below', ...options)).propagation, below);
      });
    }

    it('slave: later mounts of the host appear, without it they do not', async () => {
      const seen = async (word: string): Promise<string> => {
        const id = await lab.start(
          'sleep 1000',
          add({ destination: '/m', type: 'bind', source, options: ['rbind', word] }),
        );
        execFileSync('mount', ['-t', 'tmpfs', 'late', join(source, 'below')]);
        const mounts = (await lab.box('exec', id, 'grep', '-c', 'late', '/proc/self/mountinfo')).stdout.trim();
        execFileSync('umount', [join(source, 'below')]);
        assert.equal((await lab.box('delete', '--force', id)).code, 0);
        return mounts;
      };
      assert.equal(await seen('rslave'), '1');
      assert.equal(await seen('rprivate'), '0');
    });
  });

  describe('rootfsPropagation', () => {
    const root = async (word: string | undefined): Promise<Mounted> =>
      mountedAt('/', (spec) => void (spec.linux['rootfsPropagation'] = word));

    it('is private unless another is asked for', async () => {
      assert.deepEqual((await root(undefined)).propagation, []);
      assert.deepEqual((await root('private')).propagation, []);
      assert.deepEqual((await root('shared')).propagation, ['shared']);
      assert.deepEqual((await root('unbindable')).propagation, ['unbindable']);
    });

    it('shared: is not shared with the host, and leaves the other mounts private', async () => {
      const change = (spec: BoxSpec): void => void (spec.linux['rootfsPropagation'] = 'rshared');
      assert.deepEqual((await mountedAt('/dev', change)).propagation, ['shared']);
      const single = (spec: BoxSpec): void => void (spec.linux['rootfsPropagation'] = 'shared');
      assert.deepEqual((await mountedAt('/dev', single)).propagation, []);
    });

    it('slave: later mounts of the host below the root appear, without it they do not', async () => {
      const seen = async (word: string): Promise<string> => {
        const bundle = lab.bundle('sleep 1000', (spec) => void (spec.linux['rootfsPropagation'] = word));
        const rootfs = join(bundle, 'rootfs');
        execFileSync('mount', ['--bind', rootfs, rootfs]);
        execFileSync('mount', ['--make-shared', rootfs]);
        const id = lab.newId();
        try {
          await lab.quiet('create', '--bundle', bundle, id);
          await lab.quiet('start', id);
          execFileSync('mount', ['-t', 'tmpfs', 'late', join(rootfs, 'etc')]);
          return (await lab.box('exec', id, 'grep', '-c', 'late', '/proc/self/mountinfo')).stdout.trim();
        } finally {
          await lab.box('delete', '--force', id);
          execFileSync('umount', ['-R', rootfs]);
        }
      };
      assert.equal(await seen('rslave'), '1');
      assert.equal(await seen('rprivate'), '0');
    });
  });

  it('a tmpfs where the image has no directory is everybody’s, also when the container starts again', async () => {
    const tmpfs = (destination: string) => add({ destination, type: 'tmpfs', source: 'tmpfs', options: [] });
    for (let start = 0; start < 2; start += 1)
      assert.equal((await lab.run('stat -c %a /fresh', tmpfs('/fresh'))).stdout, '1777\n');
    assert.equal((await lab.run('stat -c %a /etc', tmpfs('/etc'))).stdout, '755\n');
  });

  describe('remount', () => {
    const first = { destination: '/m', type: 'tmpfs', source: 'tmpfs', options: ['size=1m', 'mode=755'] };

    it('changes a file system that is mounted already', async () => {
      const again = { destination: '/m', type: 'tmpfs', options: ['remount', 'ro', 'size=2m'] };
      const mounted = await mountedAt('/m', add(first, again));
      assert.ok(mounted.options.includes('ro') && mounted.superOptions.includes('size=2048k'));
    });

    it('with bind changes the mount alone', async () => {
      const again = { destination: '/m', type: 'none', options: ['bind', 'remount', 'ro', 'noexec'] };
      const mounted = await mountedAt('/m', add(first, again));
      assert.ok(mounted.options.includes('ro') && mounted.options.includes('noexec'));
      assert.ok(mounted.superOptions.includes('rw'));
    });

    it('refuses where nothing is mounted', async () => {
      const result = await lab.run(
        'true',
        add({ destination: '/bin', type: 'none', options: ['bind', 'remount', 'ro'] }),
      );
      assert.match(result.stderr, /mounts\[5\]: remount it on \/bin: Invalid argument/);
    });
  });

  describe('errors name the mount', () => {
    const cases: readonly [string, BoxSpec['mounts'][number], RegExp][] = [
      [
        'a source that is not there',
        { destination: '/m', type: 'bind', source: '/no/such', options: ['bind'] },
        /mounts\[5\]: mount \/no\/such on \/m: No such file/,
      ],
      ['an unknown file system', { destination: '/m', type: 'nofs' }, /mounts\[5\]: mount nofs on \/m: No such device/],
      [
        'an option that the file system does not know',
        { destination: '/m', type: 'tmpfs', options: ['siez=1m'] },
        /mounts\[5\]: mount tmpfs on \/m: Invalid argument/,
      ],
      [
        'a target that is a file',
        { destination: '/bin/busybox', type: 'tmpfs' },
        /mounts\[5\]: open \/bin\/busybox in the container: Not a directory/,
      ],
      [
        'a target below a file',
        { destination: '/bin/busybox/x', type: 'tmpfs' },
        /mounts\[5\]: make \/bin\/busybox\/x in the container: Not a directory/,
      ],
      ['the root', { destination: '/', type: 'tmpfs' }, /mounts\[5\]: mount on \/: that is the root itself/],
      [
        'the root by another name',
        { destination: '/bin/../', type: 'tmpfs' },
        /mounts\[5\]: mount on \/bin\/\.\.\/: that/,
      ],
      [
        '/proc',
        { destination: '/proc/sys', type: 'tmpfs' },
        /mounts\[5\]: mount on \/proc\/sys: \/proc may not be covered/,
      ],
      [
        '/proc, by something that is called one',
        { destination: '/proc/self/attr', type: 'proc', source: '/etc', options: ['bind'] },
        /mounts\[5\]: mount on \/proc\/self\/attr: \/proc may not be covered/,
      ],
      ['no destination', { destination: '', type: 'tmpfs' }, /mounts\[5\]\.destination: expected a path/],
      ['no type', { destination: '/m' }, /mounts\[5\]\.type: expected a file system/],
      ['a bind of nothing', { destination: '/m', type: 'bind' }, /mounts\[5\]\.source: a bind mount needs a source/],
      [
        'copy-up that is no tmpfs',
        { destination: '/m', type: 'bind', source: '/', options: ['bind', 'tmpcopyup'] },
        /mounts\[5\]\.options: tmpcopyup is for tmpfs alone/,
      ],
      [
        'a bind with options of a file system',
        { destination: '/m', type: 'bind', source: '/', options: ['bind', 'size=1m'] },
        /mounts\[5\]\.options: a bind mount takes no option size=1m/,
      ],
    ];
    for (const [name, mount, expected] of cases) {
      it(name, async () => {
        const result = await lab.run('true', add(mount));
        assert.equal(result.code, 1);
        assert.match(result.stderr, expected);
      });
    }

    it('a label that this host cannot give', async () => {
      const result = await lab.run('true', (spec) => void (spec.linux['mountLabel'] = 'system_u:object_r:x:s0:c1,c2'));
      assert.match(result.stderr, /linux\.mountLabel: this host has no SELinux/);
      assert.equal((await lab.run('true', (spec) => void (spec.linux['mountLabel'] = ''))).code, 0);
    });
  });

  afterEach('leaves no cgroup and no record', () => {
    assert.deepEqual(lab.leftRecords(), []);
    assert.deepEqual(lab.leftCgroups(), []);
  });
});

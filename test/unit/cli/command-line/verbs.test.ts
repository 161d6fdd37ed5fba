import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { globalFlags } from '../../../../src/cli/command-line/global-flags.ts';
import type { AnyVerb, CommandContext, VerbEntry, VerbTable } from '../../../../src/cli/command-line/verb.ts';
import { TtyProgress } from '../../../../src/cli/output/progress/tty-progress.ts';
import { openProgress } from '../../../../src/cli/output/progress/open-progress.ts';
import { verbs } from '../../../../src/cli/verbs.ts';
import { runCommand, TestIo } from '../../../support/command-io.ts';

/** Flags of docker compose by verb (v5.5, its reference pages): none may be unknown here, and none may be ignored. */
const composeFlags: Readonly<Record<string, string>> = {
  up: 'abort-on-container-exit abort-on-container-failure always-recreate-deps attach attach-dependencies build detach exit-code-from force-recreate menu no-attach no-build no-color no-deps no-log-prefix no-recreate no-start pull quiet-build quiet-pull remove-orphans renew-anon-volumes scale timeout timestamps wait wait-timeout watch yes',
  create: 'build force-recreate no-build no-recreate pull quiet-pull remove-orphans scale yes',
  start: 'wait wait-timeout',
  stop: 'timeout',
  restart: 'no-deps timeout',
  down: 'remove-orphans rmi timeout volumes',
  rm: 'all force stop volumes',
  kill: 'remove-orphans signal',
  pause: '',
  unpause: '',
  scale: 'no-deps',
  run: 'build cap-add cap-drop detach entrypoint env env-from-file interactive label name no-deps no-tty publish pull quiet quiet-build quiet-pull remove-orphans rm service-ports tty use-aliases user volume workdir',
  exec: 'detach env index interactive no-tty privileged tty user workdir',
  attach: 'detach-keys index no-stdin sig-proxy',
  logs: 'follow index no-color no-log-prefix since tail timestamps until',
  ps: 'all filter format no-trunc orphans quiet services status',
  ls: 'all filter format quiet',
  images: 'format quiet',
  volumes: 'format quiet',
  top: '',
  stats: 'all format no-stream no-trunc',
  port: 'index protocol',
  events: 'json since until',
  wait: 'down-project',
  pull: 'ignore-buildable ignore-pull-failures include-deps policy quiet',
  config:
    'environment format hash images lock-image-digests models networks no-consistency no-env-resolution no-interpolate no-normalize no-path-resolution output profiles quiet resolve-image-digests services variables volumes',
  version: 'format short',
};

/** Short forms that hands know. */
const composeShorts: Readonly<Record<string, string>> = {
  up: 'd=detach t=timeout V=renew-anon-volumes w=watch y=yes',
  down: 't=timeout v=volumes',
  rm: 'f=force s=stop v=volumes a=all',
  kill: 's=signal',
  run: 'd=detach e=env i=interactive l=label T=no-tty p=publish P=service-ports q=quiet t=tty u=user v=volume w=workdir',
  exec: 'd=detach e=env i=interactive T=no-tty t=tty u=user w=workdir',
  logs: 'f=follow n=tail t=timestamps',
  ps: 'a=all q=quiet',
  ls: 'a=all q=quiet',
  stats: 'a=all',
  pull: 'q=quiet',
  config: 'o=output q=quiet',
  version: 'f=format',
  stop: 't=timeout',
  restart: 't=timeout',
  images: 'q=quiet',
};

describe('the flags of docker compose', () => {
  for (const [name, flags] of Object.entries(composeFlags)) {
    it(`are all known to ${name}`, async () => {
      const verb = await loadVerb(verbs[name as keyof typeof verbs]);
      const missing = flags.split(' ').filter((flag) => flag !== '' && verb.flags[flag] === undefined);
      assert.deepEqual(missing, []);
      for (const pair of (composeShorts[name] ?? '').split(' ').filter((text) => text !== '')) {
        const [short, long = ''] = pair.split('=');
        assert.equal(verb.flags[long]?.short, short, `-${short ?? ''} of ${name}`);
      }
    });
  }
});

async function loadVerb(entry: VerbEntry): Promise<AnyVerb> {
  if ('group' in entry) throw new Error('a group of verbs, and no verb');
  return entry.load();
}

/** Every verb by its words; those of groups are `GROUP VERB`. */
async function allVerbs(table: VerbTable, path: string): Promise<readonly (readonly [string, VerbEntry])[]> {
  const found = Object.entries(table).map(async ([word, entry]) => {
    const name = `${path}${word}`;
    return 'group' in entry ? allVerbs(await entry.group(), `${name} `) : [[name, entry] as const];
  });
  return (await Promise.all(found)).flat();
}

describe('every verb', () => {
  it('of a group is listed by the help of the group', async () => {
    const { code, stdout } = await runCommand(['cluster', '--help']);
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: tsstack cluster VERB /);
    assert.match(stdout, /^ {2}init +Make this host/m);
    assert.deepEqual(await runCommand(['help', 'cluster', 'init']), await runCommand(['cluster', 'init', '--help']));
    assert.equal((await runCommand(['cluster'])).code, 1);
    assert.match(
      (await runCommand(['cluster', 'inti'])).stderr,
      /unknown verb "inti" of tsstack cluster\nhint: did you mean "init"/,
    );
  });

  it('has a help that names its flags, and uses no letter twice', async () => {
    for (const [name, entry] of await allVerbs(verbs, '')) {
      const verb = await loadVerb(entry);
      assert.equal(verb.name, name);
      const { code, stdout } = await runCommand([...name.split(' '), '--help']);
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`^Usage: tsstack ${name} `));
      for (const [flag, { hidden, unsupported }] of Object.entries(verb.flags)) {
        assert.equal(stdout.includes(`--${flag}`), hidden !== true && unsupported === undefined, flag);
      }
      const letters = Object.values(verb.flags).flatMap(({ short }) => short ?? []);
      assert.equal(new Set(letters).size, letters.length, name);
    }
  });
});

describe('the command line', () => {
  it('shows its help on demand on stdout, and without a verb on stderr', async () => {
    const asked = await runCommand(['--help']);
    assert.equal(asked.code, 0);
    for (const name of Object.keys(verbs)) assert.match(asked.stdout, new RegExp(`^  ${name} `, 'm'));
    for (const flag of Object.keys(globalFlags)) {
      const isShown = !['compatibility', 'workdir', 'no-ansi'].includes(flag);
      assert.equal(asked.stdout.includes(`--${flag} `), isShown, flag);
    }
    const none = await runCommand([]);
    assert.equal(none.code, 1);
    assert.equal(none.stderr, asked.stdout);
  });

  const refused: readonly [readonly string[], RegExp][] = [
    [['upp'], /unknown verb "upp"\nhint: did you mean "up"\?/],
    [['build'], /tsstack build is not supported yet/],
    [['up', '--build'], /--build is not supported yet/],
    [['up', '--watch'], /--watch is not supported yet/],
    [['up', '-d', '--abort-on-container-exit'], /--detach and --abort-on-container-exit cannot be combined/],
    [['up', '--wait', '--attach', 'web'], /--wait and --attach cannot be combined/],
    [['up', '--no-recreate', '--force-recreate'], /--no-recreate and --force-recreate cannot be combined/],
    [['up', '--menu'], /--menu is not supported yet/],
    [['exec', 'web'], /tsstack exec needs more arguments/],
    [['ls', 'web'], /tsstack ls takes no argument "web"/],
    [['scale', 'web'], /invalid scale "web"/],
    [['--compatibility', 'ps'], /--compatibility is not supported yet/],
    [['ps', '--format', '{{if .Name}}'], /--format: "if" is no function here/],
    [['ps', '--progress', 'loud'], /invalid value "loud" for --progress/],
    [['logs', '--index', '1'], /--index needs exactly one service/],
    [['kill', '-s', 'SIGNONE'], /invalid signal "SIGNONE" for --signal/],
    [['kill', '-s', '65'], /invalid signal "65" for --signal/],
    [['logs', '--since', 'soon'], /invalid time "soon"/],
  ];
  for (const [argv, message] of refused) {
    it(`refuses ${argv.join(' ')}`, async () => {
      const { code, stderr, stdout } = await runCommand(argv);
      assert.equal(code, 1);
      assert.match(stderr, message);
      assert.equal(stdout, '');
    });
  }

  it('refuses COMPOSE_COMPATIBILITY and colours that are none, and puts progress where COMPOSE_STATUS_STDOUT wants it', async () => {
    const { code, stderr } = await runCommand(['version'], new TestIo({ env: { COMPOSE_COMPATIBILITY: '1' } }));
    assert.deepEqual([code, stderr.split('\n')[0]], [1, 'error: COMPOSE_COMPATIBILITY is not supported yet']);
    const { stderr: unknown } = await runCommand(['version'], new TestIo({ env: { COMPOSE_ANSI: 'blue' } }));
    assert.equal(unknown, 'error: COMPOSE_ANSI is "blue"\nhint: it takes auto, never, always\n');
    for (const [wish, expected] of [['true', 'stdout'] as const, ['', 'stderr'] as const]) {
      const io = new TestIo({ env: { COMPOSE_STATUS_STDOUT: wish } });
      const globals = { progress: 'plain', ansi: undefined, 'dry-run': false };
      openProgress({ io, globals } as unknown as CommandContext, 'up').line('done');
      assert.equal(io[expected].text, 'done\n');
    }
  });

  it('draws nothing in place on a terminal that shows output of containers as well', () => {
    const io = new TestIo();
    Object.assign(io.stderr, { isTTY: true });
    const globals = { progress: undefined, ansi: undefined, 'dry-run': false };
    const context = { io, globals } as unknown as CommandContext;
    openProgress(context, 'stop', { besideOutput: true }).event({
      id: 'Container a',
      state: 'working',
      text: 'Stopping',
    });
    assert.equal(io.stderr.text, 'Container a Stopping\n');
    assert.ok(openProgress(context, 'stop') instanceof TtyProgress);
  });

  it('says errors as JSON where JSON was asked for', async () => {
    const { stderr } = await runCommand(['--progress', 'json', 'up', '--detatch']);
    assert.deepEqual(JSON.parse(stderr), {
      error: true,
      message: 'unknown flag --detatch',
      code: 'invalid',
      hint: 'did you mean --detach?',
    });
  });

  it('colours errors as --ansi says, and by itself only on a terminal', async () => {
    for (const [words, isColoured] of [
      [['--ansi', 'always'], true] as const,
      [['--ansi=never'], false] as const,
      [[], false] as const,
    ]) {
      const { stderr } = await runCommand([...words, 'up', '--detatch']);
      assert.equal(stderr.includes('\x1b['), isColoured, words.join(' '));
    }
  });

  it('prints its version with -v, version and version --short', async () => {
    const short = await runCommand(['version', '--short']);
    assert.match(short.stdout, /^\d+\.\d+\.\d+\n$/);
    assert.equal((await runCommand(['-v'])).stdout, `tsstack version ${short.stdout}`);
    const json = await runCommand(['version', '-f', 'json']);
    assert.deepEqual(JSON.parse(json.stdout), { version: short.stdout.trim() });
  });
});

/**
 * Bundles the command line and the daemon with esbuild into dist/: one file for the verbs, and one for each part that few of them need.
 * `--if-stale` does nothing when no source is newer than the last bundle.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { findNativePrograms } from '../agents/host/native-programs.ts';

const root = join(import.meta.dirname, '..');
const target = join(root, 'dist');
const stampPath = join(target, '.complete');
const sources = ['src', 'agents', 'proto', 'tools/build.ts', 'package-lock.json'];

function newestChange(path: string): number {
  const status = statSync(path);
  if (!status.isDirectory()) return status.mtimeMs;
  return readdirSync(path).reduce((newest, name) => Math.max(newest, newestChange(join(path, name))), status.mtimeMs);
}

function currentCommit(): string {
  try {
    // The clone may be another user's: root works in it all the same.
    return execFileSync('git', ['-c', 'safe.directory=*', '-C', root, 'rev-parse', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'no-git';
  }
}

function isStale(): boolean {
  try {
    const built = statSync(stampPath).mtimeMs;
    return sources.some((source) => newestChange(join(root, source)) > built);
  } catch {
    return true;
  }
}

/** Programs that a daemon starts, where they are built already. */
function nativePrograms(): readonly string[] {
  return Object.values(findNativePrograms(root)).filter((path) => existsSync(path));
}

/**
 * The commit that bin/tsstack compares with, and a digest of the daemon's code and of the programs that it starts, by which commands know a
 * daemon that was started from others (src/daemon/daemon-facts.ts). Taken here, so that a command has one line to read.
 */
function writeStamp(directory: string): void {
  const code = createHash('sha256');
  for (const file of [join(directory, 'cli/run-daemon.cjs'), ...nativePrograms()]) code.update(readFileSync(file));
  writeFileSync(join(directory, '.complete'), `${currentCommit()}\n${code.digest('hex').slice(0, 12)}\n`);
}

function isStampStale(): boolean {
  const built = statSync(stampPath).mtimeMs;
  if (nativePrograms().some((path) => statSync(path).mtimeMs > built)) return true;
  return readFileSync(stampPath, 'utf8').split('\n')[0] !== currentCommit();
}

/** Moves a directory away, out of the sight of commands that run; gives its new place. */
function setAside(directory: string): string {
  const aside = `${directory}.old-${process.pid}`;
  try {
    renameSync(directory, aside);
  } catch {
    // There was none.
  }
  return aside;
}

/** Puts the finished bundle in place: no command ever finds half of one. What was compiled of the old one goes with it. */
function replaceBundle(fresh: string): void {
  const old = setAside(target);
  renameSync(fresh, target);
  rmSync(old, { recursive: true, force: true });
}

/**
 * Files of the command line, by the module that each begins with. A command loads the first two, in a third of the time that ES modules in chunks
 * would take; the others are loaded when they are needed (src/cli/bundle-parts.ts).
 */
const parts = {
  main: 'src/cli/main.ts',
  'run-process': 'src/cli/run-process.ts',
  grpc: 'src/rpc/client/grpc.ts',
  'run-daemon': 'src/daemon/run-daemon.ts',
  x509: 'src/manager/authority/x509.ts',
};

/** Parts that the daemon has in its own file all the same: its server needs grpc-js anyway. */
const builtIntoDaemon: ReadonlySet<string> = new Set(['main', 'run-process', 'grpc']);

/** Imports of other parts stay imports. */
function keepPartsApart(part: string): Plugin {
  const others = Object.entries(parts).filter(
    ([name]) => name !== part && !(part === 'run-daemon' && builtIntoDaemon.has(name)),
  );
  const names = new Map(others.map(([name, path]) => [join(root, path), name]));
  return {
    name: 'keep-parts-apart',
    setup(bundler) {
      bundler.onResolve({ filter: /^\.\.?\// }, ({ kind, path, resolveDir }) => {
        const name = kind === 'dynamic-import' ? names.get(join(resolveDir, path)) : undefined;
        return name === undefined ? undefined : { path: `./${name}.cjs`, external: true };
      });
    },
  };
}

async function bundlePart(part: string, path: string, directory: string): Promise<void> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  await build({
    absWorkingDir: root,
    entryPoints: [path],
    outfile: join(directory, 'cli', `${part}.cjs`),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node26',
    // import() would bring the loader of ES modules with it.
    supported: { 'dynamic-import': false },
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: 'external',
    define: { 'process.env.TSSTACK_VERSION': JSON.stringify(version), 'import.meta.dirname': '__dirname' },
    plugins: [keepPartsApart(part)],
    logLevel: 'warning',
  });
}

async function bundle(): Promise<void> {
  const fresh = `${target}.new-${process.pid}`;
  await Promise.all(Object.entries(parts).map(([part, path]) => bundlePart(part, path, fresh)));
  writeStamp(fresh);
  replaceBundle(fresh);
}

if (!process.argv.includes('--if-stale') || isStale()) {
  process.stderr.write('tsstack setup: bundling\n');
  await bundle();
} else if (isStampStale()) {
  writeStamp(target);
}

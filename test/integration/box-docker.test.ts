import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { declareEngineCases } from '../support/engines/engine-cases.ts';
import { Docker } from '../support/engines/docker.ts';
import type { ProgramResult } from '../support/run-program.ts';
import { until } from '../support/test-host.ts';

const programs = join(import.meta.dirname, '../../native/build');

describe('docker over tsstack-box', () => {
  let docker: Docker;

  before(async () => {
    const { dockerArchive } = await busyboxImage();
    docker = await Docker.start(programs, dockerArchive);
  });
  after(async () => {
    await docker.dispose();
  });

  declareEngineCases(() => docker);

  it('looks after the health of a container', async () => {
    const health = ['--health-cmd', 'test -e /healthy', '--health-interval', '100ms', '--health-retries', '1'];
    const script = 'touch /healthy; sleep 100';
    const options = ['--name', 'worker', '--network', 'none', ...health, ...docker.runOptions];
    await docker.client('run', '--detach', ...options, 'busybox:test', 'sh', '-c', script);
    const status = async (): Promise<string> =>
      (await docker.client('inspect', '--format', '{{.State.Health.Status}}', 'worker')).stdout.trim();
    await until(status, (text) => text === 'healthy');
    assert.equal((await docker.client('exec', 'worker', 'rm', '/healthy')).code, 0);
    await until(status, (text) => text === 'unhealthy');
    await docker.client('rm', '--force', 'worker');
  });

  it('is reached over a network of docker, at a published port, and by its name', async () => {
    const run = (...args: readonly string[]): Promise<ProgramResult> =>
      docker.client('run', '--network', 'shop', ...docker.runOptions, ...args);
    assert.equal((await docker.client('network', 'create', 'shop')).code, 0);
    const server = ['sh', '-c', 'echo welcome > /index.html; exec httpd -f -p 80 -h /'];
    const published = ['--publish', '127.0.0.1:18080:80'];
    const started = await run('--detach', '--name', 'worker', ...published, 'busybox:test', ...server);
    assert.equal(started.code, 0, started.stderr);
    // The container runs before its server listens.
    await until(
      () => docker.client('exec', 'worker', 'wget', '-q', '-O', '-', 'http://127.0.0.1/'),
      ({ code }) => code === 0,
    );
    const client = await run('--rm', 'busybox:test', 'wget', '-q', '-O', '-', 'http://worker/');
    assert.equal(client.stdout, 'welcome\n', client.stderr);
    const answer = await fetch('http://127.0.0.1:18080/', { signal: AbortSignal.timeout(5000) });
    assert.equal(await answer.text(), 'welcome\n');
    await docker.client('rm', '--force', 'worker');
    assert.equal((await docker.client('network', 'rm', 'shop')).code, 0);
  });
});

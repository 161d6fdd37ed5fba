import { until, type TestHost } from './test-host.ts';

/**
 * Resolves when so many servers of net-peer.ts in containers of a stack listen, which each says in its log: the container runs before its program has
 * come that far.
 */
export async function untilServing(host: TestHost, file: string, servers: number): Promise<void> {
  await until(
    async () => (await host.ok(['-f', file, 'logs', '--no-log-prefix'])).stdout,
    (text) => text.split('\n').filter((line) => line === 'ready').length === servers,
  );
}

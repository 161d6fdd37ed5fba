import type { TestHost } from './test-host.ts';

/** What `cluster status` on a host calls the problem; empty when there is none. */
export async function problemOf(host: TestHost): Promise<string> {
  const { stdout } = await host.ok(['cluster', 'status', '--format', 'json']);
  return (JSON.parse(stdout) as { problem: string }).problem;
}

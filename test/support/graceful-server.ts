import { join } from 'node:path';

/** What a container of busybox needs to run graceful-server.py as version VERSION: the host's python, and the script. As lines of a service. */
export function gracefulServer(version: string): string {
  const script = join(import.meta.dirname, 'graceful-server.py');
  const volumes = ['/usr:/usr:ro', '/usr/lib:/lib:ro', '/usr/lib64:/lib64:ro', `${script}:/server.py:ro`];
  return `image: busybox:test
    command: [/usr/bin/python3, /server.py, ${version}]
    volumes: ${JSON.stringify(volumes)}`;
}

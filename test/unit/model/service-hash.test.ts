import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { serviceHash } from '../../../src/model/service-hash.ts';
import { loadStack } from '../../../src/stack/index.ts';
import { lowerProject } from '../../../src/stack/lower/lower-project.ts';

const rich = `
services:
  web:
    image: a
    command: [serve]
    environment: { A: "1" }
    labels: { l: x }
    volumes: ["/srv:/srv", "/logs:/logs:ro", "data:/data", "/anonymous", { type: tmpfs, target: /tmp }]
    ports: ["8080:80", { target: 443, mode: host }]
    networks: { front: { aliases: [w] } }
    devices: ["/dev/null:/dev/null"]
    ulimits: { nofile: 100 }
    healthcheck: { test: [CMD, "true"], interval: 5s }
    logging: { driver: syslog, options: { syslog-address: "udp://192.0.2.1:514" } }
    depends_on: [db]
    extra_hosts: ["h:192.0.2.1"]
    restart: always
  db: { image: b }
volumes: { data: }
networks: { front: }
`;

describe('the hash of a service', () => {
  it('is the one of the versions before, so that an update replaces no container', () => {
    const { project, workingDir, files, disabledServices } = loadStack({
      cwd: '/work',
      env: {},
      files: ['-'],
      projectName: 'p',
      stdin: rich,
    });
    const none = (): never => assert.fail('the stack reads nothing');
    const spec = lowerProject(project, { workingDir, files, disabledServices, readFile: none, variable: none });
    const hashes = Object.values(spec.services).map((service) => serviceHash(service));
    assert.deepEqual(hashes, [
      '71483fa347b3a0de8c04fc81af5a956ef21c666b153ac6843b120624b6963b36',
      '671a326029a337d73cb4f2cee658178a8d1ba36629e6df8e096b27d7e46bf8dd',
    ]);
  });
});

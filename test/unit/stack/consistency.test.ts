import assert from 'node:assert/strict';
import { errorLines, load } from './memory-files.ts';

/** A stack that is wrong in one way, and what is said about it. */
const CASES: readonly (readonly [string, string, RegExp])[] = [
  [
    'an image without a name',
    'services:\n  a: {image: ""}',
    /^2:3 services\.a: service "a" has neither an image nor a build/,
  ],
  ['nothing to run', 'services:\n  a: {user: x}', /^2:3 services\.a: service "a" has neither an image nor a build/],
  ['an empty service', 'services:\n  a:\n', /^2:3 services\.a: /],
  [
    'network_mode and networks',
    'services: {a: {image: i, network_mode: host, networks: [n]}}\nnetworks: {n: }',
    /mutually exclusive/,
  ],
  [
    'privileges of the host with ids of its own',
    'services:\n  a:\n    image: i\n    userns_mode: auto\n    privileged: true',
    /^5:5 services\.a\.privileged: service "a" is privileged, which userns_mode auto takes away/,
  ],
  [
    'the network of the host with ids of its own',
    'services: {a: {image: i, userns_mode: auto, network_mode: host}}',
    /services\.a\.network_mode: .*cannot have the host's network/,
  ],
  [
    'a shared network with other ids',
    'services: {a: {image: i, network_mode: "service:b"}, b: {image: i, userns_mode: auto}}',
    /services\.a\.network_mode: .*which has another userns_mode/,
  ],
  [
    'a placeholder in a hostname that means nothing',
    'services: {a: {image: i, hostname: "{{.Node.Colour}}"}}',
    /services\.a\.hostname: .*\{\{\.Node\.Colour\}\} stands for nothing .*\{\{\.Node\.Hostname\}\}/,
  ],
  [
    'an undeclared network',
    'services: {a: {image: i, networks: [fornt]}}\nnetworks: {front: }',
    /undefined network fornt \(did you mean "front"\?\)/,
  ],
  [
    'an undeclared volume',
    'services:\n  a:\n    image: i\n    volumes: ["v:/v"]',
    /^4:15 .*undefined volume v \(declare it under volumes:\)/,
  ],
  ['an undeclared secret', 'services: {a: {image: i, secrets: [s]}}', /undefined secret s/],
  ['an undeclared config', 'services: {a: {image: i, configs: [s]}}', /undefined config s/],
  ['an undeclared build secret', 'services: {a: {build: {secrets: [s]}}}', /undefined build secret s/],
  ['an undeclared model', 'services: {a: {image: i, models: [m]}}', /undefined model m/],
  [
    'an unknown dependency',
    'services: {a: {image: i, depends_on: [databse]}, database: {image: d}}',
    /undefined service "databse" \(did you mean "database"\?\)/,
  ],
  [
    'an unknown link',
    'services: {a: {image: i, links: ["x:y"]}}',
    /^1:34 services\.a\.links\[0\]: .*undefined service "x"/,
  ],
  [
    'an unknown namespace',
    'services: {a: {image: i, network_mode: "service:x"}}',
    /services\.a\.network_mode: .*undefined service "x"/,
  ],
  [
    'a dependency that is off',
    'services: {a: {image: i, depends_on: [b]}, b: {image: i, profiles: [p]}}',
    /which is off.*--profile p/,
  ],
  [
    'a cycle',
    'services: {a: {image: i, depends_on: [b]}, b: {image: i, links: [c]}, c: {image: i, volumes_from: [a]}}',
    /dependency cycle: a -> b -> c -> a/,
  ],
  ['a service that waits for itself', 'services: {a: {image: i, depends_on: [a]}}', /dependency cycle: a -> a/],
  [
    'two mounts in one place',
    'services: {a: {image: i, tmpfs: [/d], volumes: [/d]}}',
    /already mounted by services\.a\.tmpfs\[0\]/,
  ],
  [
    'a watch rule without a target',
    'services: {a: {build: ., develop: {watch: [{path: p, action: sync}]}}}',
    /target is required/,
  ],
  [
    'a watch rule with a blank path',
    'services: {a: {build: ., develop: {watch: [{path: "", action: rebuild}]}}}',
    /path cannot be blank/,
  ],
  ['a watch rule without an action', 'services: {a: {build: ., develop: {watch: [{path: p}]}}}', /action is missing/],
  ['two counts', 'services: {a: {image: i, scale: 2, deploy: {replicas: 3}}}', /scale is 2, but deploy\.replicas is 3/],
  [
    'two memory limits',
    'services: {a: {image: i, mem_limit: 1g, deploy: {resources: {limits: {memory: 2g}}}}}',
    /must agree/,
  ],
  [
    'a shared container name',
    'services: {a: {image: i, container_name: nn}, b: {image: i, container_name: nn}}',
    /already in use by service "a"/,
  ],
  ['a container name for several', 'services: {a: {image: i, container_name: nn, scale: 2}}', /2 replicas/],
  ['two recipes', 'services: {a: {build: {dockerfile: d, dockerfile_inline: x}}}', /mutually exclusive dockerfile/],
  [
    'a context that is not built',
    'services: {a: {build: {additional_contexts: {x: "service:b"}}}, b: {image: i}}',
    /"b", which is not built/,
  ],
  [
    'a platform that is not built',
    'services: {a: {platform: linux/arm64, build: {platforms: [linux/amd64]}}}',
    /must include/,
  ],
  [
    'a config with two sources',
    'services: {a: {image: i, configs: [c]}}\nconfigs: {c: {file: f, content: x}}',
    /file, content are mutually exclusive/,
  ],
  [
    'a secret without a source',
    'services: {a: {image: i}}\nsecrets: {s: {labels: {a: b}}}',
    /one of file, environment must be set/,
  ],
  [
    'an external volume with a driver',
    'services: {a: {image: i}}\nvolumes: {v: {external: true, driver: nfs}}',
    /cannot set driver/,
  ],
  [
    'a count beside device ids',
    'services: {a: {image: i, gpus: [{count: 1, device_ids: ["0"]}]}}',
    /count and device_ids/,
  ],
];

describe('consistency', () => {
  for (const [title, text, expected] of CASES) {
    it(`refuses ${title}`, () => {
      const lines = errorLines(text);
      assert.equal(lines.length, 1, lines.join('\n'));
      assert.match(lines[0] ?? '', expected);
    });
  }

  it('is switched off by noConsistency', () => {
    for (const [, text] of CASES.filter(([title]) => !title.includes('without an action')))
      load(text, { noConsistency: true });
  });

  it('reports everything that is wrong in one go', () => {
    assert.equal(errorLines('services: {a: {networks: [x], volumes: ["y:/y"], depends_on: [z]}}').length, 4);
  });

  it('accepts an optional dependency that is off, not one that is unknown', () => {
    load(
      'services: {a: {image: i, depends_on: {b: {condition: service_started, required: false}}}, b: {image: i, profiles: [p]}}',
    );
    assert.equal(
      errorLines('services: {a: {image: i, depends_on: {b: {condition: service_started, required: false}}}}').length,
      1,
    );
  });
});

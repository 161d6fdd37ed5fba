import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { familiarName, parseReference, referenceKey } from '../../../src/model/image-reference.ts';
import { imageName } from '../../../src/model/image-name.ts';

const digest = `sha256:${'a'.repeat(64)}`;

const names: readonly (readonly [string, string])[] = [
  ['redis', 'redis:latest'],
  ['redis:7', 'redis:7'],
  ['docker.io/redis:7', 'redis:7'],
  ['docker.io/library/redis:7', 'redis:7'],
  ['index.docker.io/library/redis:7', 'redis:7'],
  ['library/redis:7', 'redis:7'],
  ['library/team/app', 'library/team/app:latest'],
  ['docker.io/library/team/app', 'library/team/app:latest'],
  ['team/app', 'team/app:latest'],
  ['registry.test:5000/app', 'registry.test:5000/app:latest'],
  ['registry.test:5000/app:1', 'registry.test:5000/app:1'],
  ['registry.test/library/app:1', 'registry.test/library/app:1'],
  [`redis@${digest}`, `redis@${digest}`],
  [`redis:7@${digest}`, `redis@${digest}`],
  [`localhost:5000/redis:7@${digest}`, `localhost:5000/redis@${digest}`],
  [digest, digest],
  ['oci-layout:///srv/app:1', 'oci-layout:///srv/app:1'],
  ['docker-archive:///srv/app.tar', 'docker-archive:///srv/app.tar'],
];

describe('the name of an image', () => {
  for (const [text, expected] of names) {
    it(`of ${text} is ${expected}, for managers as for the hosts`, () => {
      assert.equal(imageName(text), expected);
      assert.equal(familiarName(referenceKey(parseReference(text))), expected);
      assert.equal(imageName(expected), expected);
    });
  }
});

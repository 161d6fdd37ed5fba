import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  familiarName,
  InvalidReferenceError,
  parseReference,
  parseRegistryReference,
  referenceKey,
} from '../../../src/model/image-reference.ts';
import { isLoopback } from '../../../agents/host/images/registry/registry-client.ts';

const digest = `sha256:${'a'.repeat(64)}` as const;

describe('image references', () => {
  const spellings: readonly (readonly [string, string, string])[] = [
    ['redis', 'docker.io/library/redis:latest', 'redis:latest'],
    ['redis:7', 'docker.io/library/redis:7', 'redis:7'],
    ['grafana/grafana', 'docker.io/grafana/grafana:latest', 'grafana/grafana:latest'],
    ['docker.io/redis', 'docker.io/library/redis:latest', 'redis:latest'],
    ['index.docker.io/library/redis:7', 'docker.io/library/redis:7', 'redis:7'],
    ['localhost/x', 'localhost/x:latest', 'localhost/x:latest'],
    ['localhost:5000/a/b__c:1.0', 'localhost:5000/a/b__c:1.0', 'localhost:5000/a/b__c:1.0'],
    ['[::1]:5000/x:1', '[::1]:5000/x:1', '[::1]:5000/x:1'],
    ['quay.example/org/app', 'quay.example/org/app:latest', 'quay.example/org/app:latest'],
    [`redis@${digest}`, `docker.io/library/redis@${digest}`, `redis@${digest}`],
    [`redis:7@${digest}`, `docker.io/library/redis@${digest}`, `redis@${digest}`],
    ['oci-layout:///srv/image:v1', 'oci-layout:///srv/image:v1', 'oci-layout:///srv/image:v1'],
    ['oci-layout:///srv/image/', 'oci-layout:///srv/image', 'oci-layout:///srv/image'],
    ['docker-archive:///srv/x.tar', 'docker-archive:///srv/x.tar', 'docker-archive:///srv/x.tar'],
    ['rootfs:///', 'rootfs:///', 'rootfs:///'],
    [digest, digest, digest],
  ];
  for (const [text, key, familiar] of spellings) {
    it(`reads ${text.slice(0, 40)}`, () => {
      assert.equal(referenceKey(parseReference(text)), key);
      assert.equal(familiarName(key), familiar);
    });
  }

  const broken = [
    '',
    'Redis',
    'redis:',
    'redis:a b',
    'redis@sha256:abc',
    'redis@md5:d41d8cd98f00b204e9800998ecf8427e',
    '/redis',
    'a//b',
    'x/../y',
    'ex ample/x',
    'rootfs://relative',
    'oci-layout://',
    'docker-archive:///a\0b',
    'ftp://host/x',
    'a'.repeat(256),
  ];
  for (const text of broken) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
      assert.throws(() => parseReference(text), InvalidReferenceError);
    });
  }

  it('says that names have lower-case letters only', () => {
    assert.throws(() => parseRegistryReference('example.com/Redis'), /lower-case/);
  });

  it('reaches registries on this machine without encryption, and no others', () => {
    for (const host of ['localhost', 'localhost:5000', '127.0.0.1:80', '127.1.2.3', '[::1]:5000'])
      assert.ok(isLoopback(host));
    for (const host of ['docker.io', '128.0.0.1', 'localhost.example', '127.0.0.1.example', '[::2]'])
      assert.ok(!isLoopback(host));
  });
});

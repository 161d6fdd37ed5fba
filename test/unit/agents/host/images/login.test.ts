import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'mocha';
import { parseChallenge } from '../../../../../agents/host/images/registry/challenge.ts';
import { findCredentials } from '../../../../../agents/host/images/registry/credentials.ts';
import { retryDelayMs } from '../../../../../agents/host/images/registry/deadlines.ts';

const directory = mkdtempSync(join(tmpdir(), 'tsstack-login-'));
const savedPath = process.env['PATH'];
after(() => {
  process.env['PATH'] = savedPath;
  rmSync(directory, { recursive: true });
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function loggedIn(config: unknown): { DOCKER_CONFIG: string } {
  writeFileSync(join(directory, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config));
  return { DOCKER_CONFIG: directory };
}

describe('demands of a registry', () => {
  it('reads bearer parameters with quotes and commas in them', () => {
    const header = 'Bearer realm="https://auth.example/token",service="r.example",scope="repository:a/b:pull,push"';
    assert.deepEqual(parseChallenge(header), {
      scheme: 'bearer',
      realm: 'https://auth.example/token',
      service: 'r.example',
      scope: 'repository:a/b:pull,push',
    });
  });

  it('prefers bearer, knows basic, and nothing else', () => {
    assert.equal(parseChallenge('Basic realm="x", Bearer realm="y"')?.scheme, 'bearer');
    assert.equal(parseChallenge('Basic realm="x"')?.scheme, 'basic');
    assert.equal(parseChallenge('Negotiate'), null);
    assert.equal(parseChallenge('Bearer service="x"'), null);
  });
});

describe('stored logins', () => {
  it('finds user and password by host, and those of the default registry under its old name', async () => {
    const env = loggedIn({
      auths: {
        'r.example:5000': { auth: base64('me:pass:word') },
        'https://index.docker.io/v1/': { identitytoken: 'token', auth: base64('<token>:') },
      },
    });
    assert.deepEqual(await findCredentials('r.example:5000', env), {
      kind: 'password',
      username: 'me',
      password: 'pass:word',
    });
    assert.deepEqual(await findCredentials('docker.io', env), { kind: 'identity-token', token: 'token' });
    assert.equal(await findCredentials('other.example', env), null);
  });

  it('asks a credential helper', async () => {
    const script =
      '#!/bin/sh\nread -r server\nprintf \'{"ServerURL":"%s","Username":"helped","Secret":"%s"}\' "$server" "$server"\n';
    writeFileSync(join(directory, 'docker-credential-tsstack-test'), script, { mode: 0o755 });
    process.env['PATH'] = `${directory}:${savedPath ?? ''}`;
    const env = loggedIn({ credHelpers: { 'r.example': 'tsstack-test' } });
    assert.deepEqual(await findCredentials('r.example', env), {
      kind: 'password',
      username: 'helped',
      password: 'r.example',
    });
  });

  it('has none without a file or with a helper that is not installed', async () => {
    assert.equal(await findCredentials('r.example', loggedIn({ credsStore: 'not-installed' })), null);
    assert.equal(await findCredentials('r.example', { DOCKER_CONFIG: join(directory, 'missing') }), null);
  });

  it('does not quote a broken file in its error', async () => {
    await assert.rejects(findCredentials('r.example', loggedIn('{"auths": {"secret-password')), (error: Error) => {
      assert.match(error.message, /config\.json/);
      assert.doesNotMatch(`${error.message} ${String(error.cause)}`, /secret-password/);
      return true;
    });
  });
});

describe('pauses between attempts', () => {
  it('double, with jitter that never makes them longer', () => {
    assert.deepEqual(
      [1, 2, 3].map((attempt) => retryDelayMs(attempt, 500, () => 1)),
      [500, 1000, 2000],
    );
    assert.equal(
      retryDelayMs(1, 500, () => 0),
      250,
    );
  });
});

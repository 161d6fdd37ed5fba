import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import type { PlanStep } from '../../src/rpc/messages.ts';
import { busyboxHost } from '../support/busybox-host.ts';

const sleeper = 'image: busybox:test, command: sleep 100000, init: true, stop_grace_period: 1s';

const stack = `
name: planned
services:
  web: { ${sleeper}, environment: { LEVEL: one, DB_PASSWORD: old-word }, mem_limit: 64m, scale: 2 }
  reader: { ${sleeper}, secrets: [word], configs: [text], volumes: ["data:/data"] }
  joined: { ${sleeper}, networks: [side] }
  same: { ${sleeper} }
networks: { side: { internal: false } }
volumes: { data: }
secrets: { word: { environment: WORD } }
configs: { text: { content: first } }
`;

const changed = stack
  .replace('LEVEL: one, DB_PASSWORD: old-word', 'LEVEL: two, DB_PASSWORD: new-word')
  .replace('64m, scale: 2', '32m')
  .replace('internal: false', 'internal: true')
  .replace('content: first', 'content: second')
  .replace('  same:', `  added: { ${sleeper}, volumes: ["more:/more"] }\n  same:`)
  .replace('data: }', 'data: , more: }');

describe('plan', () => {
  const host = busyboxHost();
  let file = '';

  before(async () => {
    file = host.write('stack.yml', stack);
    await host.ok(['-f', file, 'up', '-d'], { env: { WORD: 'first-secret' } });
  });

  const planOf = async (word: string): Promise<readonly PlanStep[]> => {
    const { stdout } = await host.ok(['-f', file, 'plan', '--format', 'json'], { env: { WORD: word } });
    assert.doesNotMatch(stdout, /secret-|-secret|old-word|new-word/);
    return (JSON.parse(stdout) as { steps: readonly PlanStep[] }).steps;
  };
  const told = (steps: readonly PlanStep[]): string[] =>
    steps.map(({ action, kind, name, reasons }) => `${action} ${kind} ${name}: ${reasons.join('; ')}`).toSorted();

  it('of an unchanged stack keeps everything that it has', async () => {
    const kept = ['web-1', 'web-2', 'reader-1', 'joined-1', 'same-1'].map((name) => `keep container planned-${name}: `);
    const resources = ['network planned_default', 'network planned_side', 'volume planned_data'];
    const payloads = ['secret planned_word', 'config planned_text'];
    const expected = [...kept, ...[...resources, ...payloads].map((name) => `keep ${name}: `)];
    assert.deepEqual(told(await planOf('first-secret')), expected.toSorted());
    const { stdout } = await host.ok(['-f', file, 'plan'], { env: { WORD: 'first-secret' } });
    assert.equal(stdout, 'No changes.\n');
  });

  it('says what is created, replaced, kept and removed, and why, and shows no secret', async () => {
    const pids = await host.pids(file);
    host.write('stack.yml', changed);
    assert.deepEqual(told(await planOf('second-secret')), [
      'create container planned-added-1: ',
      'create volume planned_more: ',
      'keep container planned-same-1: ',
      'keep network planned_default: ',
      'keep volume planned_data: ',
      'remove container planned-web-2: scaled to 1',
      'replace config planned_text: the content has changed',
      'replace container planned-joined-1: network side is replaced',
      'replace container planned-reader-1: secret word has changed; config text has changed',
      'replace container planned-web-1: environment.LEVEL: "one" -> "two"; environment.DB_PASSWORD: (hidden) -> (hidden); mem_limit: 67108864 -> 33554432',
      'replace network planned_side: internal: false -> true',
      'replace secret planned_word: the content has changed',
    ]);
    assert.deepEqual(await host.pids(file), pids);
  });

  it('is text for people: what changes, with reasons, then what stays, and the sums', async () => {
    const { stdout } = await host.ok(['-f', file, 'plan'], { env: { WORD: 'first-secret' } });
    assert.match(stdout, /^~ replace {2}container {2}planned-web-1\n {6}environment\.LEVEL: "one" -> "two"\n/m);
    assert.match(stdout, /^\+ create {3}volume {5}planned_more$/m);
    assert.match(stdout, /^ {2}keep {5}container {2}planned-same-1$/m);
    assert.match(stdout, /\nPlan: .*2 to create.*1 to remove.*to keep\.\n$/);
  });

  it('tells errors and warnings as JSON, too', async () => {
    const odd = host.write(
      'odd.yml',
      `version: "3"\nname: odd\nservices: { a: { ${sleeper}, hostname: "\${UNSET}" } }\n`,
    );
    const { stderr } = await host.ok(['-f', odd, 'plan', '--format', 'json']);
    const warnings = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { severity: string; path: string });
    assert.deepEqual(
      warnings.map(({ severity, path }) => `${severity} ${path}`),
      ['warning version', 'warning services.a.hostname'],
    );
    const broken = host.write('broken.yml', 'services: { a: { imgae: x, init: maybe } }\n');
    const failed = await host.run(['-f', broken, 'plan', '--format', 'json']);
    assert.equal(failed.code, 1);
    const { problems } = JSON.parse(failed.stderr) as { problems: readonly { path: string; line: number }[] };
    assert.deepEqual(
      problems.map(({ path, line }) => `${line} ${path}`),
      ['1 services.a.imgae', '1 services.a.init'],
    );
  });

  it('is what up then does', async () => {
    await host.ok(['-f', file, 'up', '-d'], { env: { WORD: 'second-secret' } });
    const steps = await planOf('second-secret');
    assert.deepEqual(
      steps.filter(({ action }) => action !== 'keep'),
      [],
    );
  });
});

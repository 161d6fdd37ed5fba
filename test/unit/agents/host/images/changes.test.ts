import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { applyChanges, ChangeError } from '../../../../../agents/host/images/formats/changes.ts';
import { emptyConfig } from '../../../../../agents/host/images/formats/image-config.ts';

describe('changes of an import', () => {
  it('applies each instruction', () => {
    const config = applyChanges(emptyConfig(), [
      'CMD ["sh", "-c", "echo hi"]',
      'entrypoint /bin/run --fast',
      'ENV A=1 B="two words" C=x\\ y',
      'ENV A=3',
      'ENV OLD style value',
      'EXPOSE 80 53/udp',
      'LABEL a.b=c',
      'USER app:app',
      'WORKDIR /srv',
      'VOLUME ["/data"]',
      'VOLUME /logs /cache',
      'STOPSIGNAL SIGINT',
    ]);
    assert.deepEqual(config.Cmd, ['sh', '-c', 'echo hi']);
    assert.deepEqual(config.Entrypoint, ['/bin/sh', '-c', '/bin/run --fast']);
    assert.deepEqual(config.Env, ['A=3', 'B=two words', 'C=x y', 'OLD=style value']);
    assert.deepEqual(config.ExposedPorts, ['80/tcp', '53/udp']);
    assert.deepEqual(config.Labels, { 'a.b': 'c' });
    assert.deepEqual(config.Volumes, ['/data', '/logs', '/cache']);
    assert.deepEqual([config.User, config.WorkingDir, config.StopSignal], ['app:app', '/srv', 'SIGINT']);
  });

  for (const line of ['RUN true', 'CMD', '', 'CMD ["a"', 'ENV A', 'EXPOSE']) {
    it(`refuses ${JSON.stringify(line)}`, () => {
      assert.throws(() => applyChanges(emptyConfig(), [line]), ChangeError);
    });
  }
});

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { JsonProgress } from '../../../../src/cli/output/progress/json-progress.ts';
import { PlainProgress } from '../../../../src/cli/output/progress/plain-progress.ts';
import { formatTable } from '../../../../src/cli/output/progress/tty-table.ts';
import type { ProgressEvent } from '../../../../src/cli/output/progress/progress-event.ts';
import { TaskNarrator } from '../../../../src/cli/tasks/task-narrator.ts';
import { TestIo } from '../../../support/command-io.ts';

const working = (id: string, text: string): ProgressEvent => ({ id, state: 'working', text });
const done = (id: string, text: string): ProgressEvent => ({ id, state: 'done', text });

describe('plain progress', () => {
  it('writes one line for each change, with the prefix of a dry run', () => {
    const { stderr } = new TestIo();
    const progress = new PlainProgress(stderr, 'DRY-RUN MODE - ');
    progress.event(working('Container p-web-1', 'Creating'));
    progress.event(working('Container p-web-1', 'Creating'));
    progress.event({ ...done('sha256', 'Pull complete'), parentId: 'Image redis', details: '(cached)' });
    assert.equal(
      stderr.text,
      'DRY-RUN MODE - Container p-web-1 Creating\nDRY-RUN MODE - Image redis sha256 Pull complete (cached)\n',
    );
  });
});

describe('progress as JSON', () => {
  it('has the field names of docker compose', () => {
    const { stderr } = new TestIo();
    new JsonProgress(stderr, true).event({
      ...working('l1', 'Downloading'),
      parentId: 'Image a',
      current: 1,
      total: 3,
    });
    assert.deepEqual(JSON.parse(stderr.text), {
      'dry-run': true,
      id: 'l1',
      parent_id: 'Image a',
      status: 'Working',
      text: 'Downloading',
      current: 1,
      total: 3,
      percent: 33,
    });
  });
});

describe('the progress table of a terminal', () => {
  const picture = { title: 'up', columns: 60, lines: 10, colours: false, frame: 0, now: 5000 };
  const row = (event: ProgressEvent, endedAt: number | null): Parameters<typeof formatTable>[0][number] => ({
    event,
    startedAt: 1000,
    endedAt,
  });

  it('shows what is done, what goes on and how long it took', () => {
    const lines = formatTable(
      [row(done('Network n', 'Created'), 1500), row(working('Container long', 'Starting'), null)],
      picture,
    );
    assert.equal(lines[0], '[+] up 1/2');
    assert.match(lines[1] ?? '', /^ ✔ Network n {7}Created +0\.5s$/);
    assert.match(lines[2] ?? '', /^ ⠋ Container long {2}Starting +4\.0s$/);
    assert.ok(lines.every((line) => line.length <= picture.columns));
  });

  it('prefers what goes on when not everything fits', () => {
    const rows = Array.from({ length: 20 }, (_, index) =>
      index % 2 === 0 ? row(done(`d${index}`, 'Created'), 2000) : row(working(`w${index}`, 'Starting'), null),
    );
    const lines = formatTable(rows, { ...picture, lines: 8 });
    assert.equal(lines.length, 8);
    assert.equal(lines.filter((line) => line.includes(' w')).length, 6);
    assert.match(lines.at(-1) ?? '', /and 14 more/);
  });

  it('cuts what is too long for the line', () => {
    const event = { ...done('Container a', 'Error'), details: 'x'.repeat(200) };
    const [, line = ''] = formatTable([row(event, 2000)], picture);
    // One column stays free, because some terminals break a line that is full.
    assert.equal(line.length, picture.columns - 1);
    assert.match(line, /…/);
  });
});

describe('TaskNarrator', () => {
  function tell(words: readonly (readonly ['create' | 'replace' | 'start' | 'keep', string])[]): readonly string[] {
    const { stderr } = new TestIo();
    const narrator = new TaskNarrator(new PlainProgress(stderr, ''));
    for (const [change, text] of words) narrator.tell('c', change, { state: 'working', text });
    return stderr.text
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(2));
  }

  it('fills in the steps that took no time', () => {
    assert.deepEqual(tell([['create', 'Started']]), ['Creating', 'Created', 'Starting', 'Started']);
    assert.deepEqual(
      tell([
        ['replace', 'Recreate'],
        ['replace', 'Healthy'],
      ]),
      ['Recreate', 'Recreated', 'Starting', 'Started', 'Healthy'],
    );
    assert.deepEqual(tell([['start', 'Exited']]), ['Starting', 'Started', 'Exited']);
    assert.deepEqual(tell([['keep', 'Stopped']]), ['Stopping', 'Stopped']);
    assert.deepEqual(
      tell([
        ['keep', 'Stopping'],
        ['keep', 'Removed'],
      ]),
      ['Stopping', 'Removing', 'Removed'],
    );
  });

  it('says nothing twice and adds nothing to what is kept', () => {
    assert.deepEqual(
      tell([
        ['keep', 'Running'],
        ['keep', 'Running'],
      ]),
      ['Running'],
    );
    assert.deepEqual(
      tell([
        ['create', 'Creating'],
        ['create', 'Creating'],
        ['create', 'Created'],
      ]),
      ['Creating', 'Created'],
    );
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import { LogFormatter, type LogSegment } from '../../../../src/cli/output/log-formatter.ts';

const time = '2026-11-21T04:00:00.123456789Z';

function record(text: string, stream = 'stdout', tag = 'F'): string {
  return `${time} ${stream} ${tag} ${text}\n`;
}

function format(records: readonly string[], prefix = 'web-1  | ', timestamps = false): string {
  const formatter = new LogFormatter({ timestamps });
  formatter.setPrefix(prefix);
  return text([...formatter.format(Buffer.from(records.join(''))), ...formatter.finish()]);
}

function text(segments: readonly LogSegment[]): string {
  return segments.map(({ data }) => data.toString()).join('');
}

describe('LogFormatter', () => {
  it('puts the prefix before each line', () => {
    assert.equal(format([record('one'), record(''), record('drei €')]), 'web-1  | one\nweb-1  | \nweb-1  | drei €\n');
  });

  it('shows times on demand', () => {
    assert.equal(format([record('one')], 'a | ', true), `a | ${time} one\n`);
  });

  it('joins the parts of a long line, also over frames', () => {
    const formatter = new LogFormatter({ timestamps: false });
    formatter.setPrefix('> ');
    const first = formatter.format(Buffer.from(record('a'.repeat(20), 'stdout', 'P') + record('other', 'stderr')));
    const second = formatter.format(Buffer.from(record('b', 'stdout', 'P') + record('c')));
    assert.equal(text(first), '> other\n');
    assert.equal(text(second), `> ${'a'.repeat(20)}bc\n`);
    assert.deepEqual(formatter.finish(), []);
  });

  it('shows at the end a line that was never ended', () => {
    assert.equal(format([record('prompt: ', 'stdout', 'P')], '> '), '> prompt: \n');
  });

  it('tells streams apart and keeps the order of lines', () => {
    const formatter = new LogFormatter({ timestamps: false });
    const segments = formatter.format(Buffer.from(record('a') + record('b') + record('c', 'stderr') + record('d')));
    assert.deepEqual(
      segments.map(({ stream, data }) => [stream, data.toString()]),
      [
        ['stdout', 'a\nb\n'],
        ['stderr', 'c\n'],
        ['stdout', 'd\n'],
      ],
    );
  });

  it('leaves out what is no record', () => {
    assert.equal(format(['garbage\n', record('one')], ''), 'one\n');
  });

  it('loses and adds nothing, whatever lines there are', () => {
    const lines = fc.array(fc.string({ unit: 'grapheme', maxLength: 200 }).map((line) => line.replaceAll('\n', ' ')));
    fc.assert(
      fc.property(lines, fc.string({ maxLength: 80 }), fc.boolean(), (all, prefix, timestamps) => {
        const expected = all.map((line) => `${prefix}${timestamps ? `${time} ` : ''}${line}\n`).join('');
        const given = all.map((line) => record(line));
        assert.equal(format(given, prefix, timestamps), Buffer.from(expected).toString());
      }),
    );
  });

  it('takes two million lines of 100 bytes in well under a second', function () {
    const line = record('x'.repeat(100));
    const perFrame = Math.floor((1024 * 1024) / line.length);
    const frame = Buffer.from(line.repeat(perFrame));
    const formatter = new LogFormatter({ timestamps: false });
    formatter.setPrefix('web-1  | ');
    const started = process.cpuUsage();
    let bytes = 0;
    for (let lines = 0; lines < 2_000_000; lines += perFrame) bytes += formatter.format(frame)[0]?.data.length ?? 0;
    const { user, system } = process.cpuUsage(started);
    assert.ok(bytes > 2_000_000 * 100);
    // 0.2 s on the machine where it was written; CPU time, because others use the machine too.
    assert.ok(user + system < 1_500_000, `${(user + system) / 1000} ms`);
  });
});

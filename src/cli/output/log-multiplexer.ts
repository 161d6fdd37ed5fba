import type { OutputStream } from '../command-line/io.ts';
import { paintPrefix } from './log-colours.ts';
import { LogFormatter, type LogSegment } from './log-formatter.ts';
import { writeOutput } from './write-output.ts';

export interface LogStyle {
  /** `web-1  | ` before each line. */
  readonly prefix: boolean;
  readonly colours: boolean;
  readonly timestamps: boolean;
  /** Send what containers wrote to stderr there (`up`); else everything goes to stdout (`logs`). */
  readonly splitStreams: boolean;
}

/** One container's place among the others. */
export interface LogSource {
  /** A frame of whole records; resolves when there is room for more. */
  push(frame: Buffer): Promise<void>;
  /** The same without writing it yet. */
  format(frame: Buffer): readonly LogSegment[];
  /** The container has ended: what it left of a line is shown. */
  finish(): Promise<void>;
}

/** Interleaves the output of containers line by line, each with the name of its container. Lines are never mixed. */
export class LogMultiplexer {
  readonly #stdout: OutputStream;
  readonly #stderr: OutputStream;
  readonly #style: LogStyle;
  readonly #sources: { readonly label: string; readonly number: number; readonly formatter: LogFormatter }[] = [];
  #width = 0;

  constructor(streams: { readonly stdout: OutputStream; readonly stderr: OutputStream }, style: LogStyle) {
    this.#stdout = streams.stdout;
    this.#stderr = streams.stderr;
    this.#style = style;
  }

  /** Makes room for labels that will come, so that the first lines stand in the same column as the later ones. */
  reserve(labels: readonly string[]): void {
    const width = Math.max(this.#width, ...labels.map((label) => label.length));
    if (width === this.#width) return;
    this.#width = width;
    for (const source of this.#sources) source.formatter.setPrefix(this.#prefix(source.label, source.number));
  }

  add(label: string): LogSource {
    this.reserve([label]);
    const formatter = new LogFormatter({ timestamps: this.#style.timestamps });
    const number = this.#numberOf(label);
    formatter.setPrefix(this.#prefix(label, number));
    this.#sources.push({ label, number, formatter });
    return {
      push: (frame) => this.write(formatter.format(frame)),
      format: (frame) => formatter.format(frame),
      finish: () => this.write(formatter.finish()),
    };
  }

  /** A line of ours about a container, as `web-1 exited with code 0`. */
  async note(text: string): Promise<void> {
    await writeOutput(this.#stdout, `${text}\n`);
  }

  #prefix(label: string, number: number): string {
    if (!this.#style.prefix) return '';
    return paintPrefix(`${label.padEnd(this.#width + 1)} | `, number, this.#style.colours);
  }

  /** A container keeps its colour when its output is followed again after a restart. */
  #numberOf(label: string): number {
    return (
      this.#sources.find((source) => source.label === label)?.number ??
      new Set(this.#sources.map((source) => source.label)).size
    );
  }

  /** Writes formatted lines; neighbours for the same stream go in one write. */
  async write(segments: readonly LogSegment[]): Promise<void> {
    let joined: Buffer[] = [];
    for (const [index, { stream, data }] of segments.entries()) {
      joined.push(data);
      const next = segments[index + 1];
      if (next !== undefined && this.#target(next.stream) === this.#target(stream)) continue;
      await writeOutput(this.#target(stream), joined.length === 1 ? data : Buffer.concat(joined));
      joined = [];
    }
  }

  #target(stream: LogSegment['stream']): OutputStream {
    return stream === 'stderr' && this.#style.splitStreams ? this.#stderr : this.#stdout;
  }
}

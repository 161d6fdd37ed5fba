/** Just enough of DNS messages for tests, written apart from the C code under test. */

export const recordTypes = { A: 1, PTR: 12, MX: 15, AAAA: 28, ANY: 255 } as const;

export interface DnsReply {
  readonly code: number;
  readonly truncated: boolean;
  readonly answers: readonly string[];
}

export function buildQuery(name: string, type: number): Buffer {
  const header = Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, encodeName(name), Buffer.from([0, type, 0, 1])]);
}

export function readQuestion(message: Buffer): { readonly name: string; readonly end: number } {
  const { name, next } = readName(message, 12);
  return { name, end: next + 4 };
}

export function buildAnswer(
  query: Buffer,
  answer: { readonly code: number; readonly addresses: readonly string[]; readonly truncated?: boolean },
): Buffer {
  const question = query.subarray(0, readQuestion(query).end);
  const message = Buffer.from(question);
  message.writeUInt16BE(0x8180 | answer.code | (answer.truncated === true ? 0x0200 : 0), 2);
  message.writeUInt16BE(answer.addresses.length, 6);
  message.writeUInt32BE(0, 8);
  const records = answer.addresses.map((address) =>
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)]),
  );
  return Buffer.concat([message, ...records]);
}

export function readAnswer(message: Buffer): DnsReply {
  const flags = message.readUInt16BE(2);
  const answers: string[] = [];
  let at = readQuestion(message).end;
  for (let left = message.readUInt16BE(6); left > 0; left -= 1) {
    const { next } = readName(message, at);
    const type = message.readUInt16BE(next);
    const size = message.readUInt16BE(next + 8);
    const data = message.subarray(next + 10, next + 10 + size);
    answers.push(type === recordTypes.PTR ? readName(message, next + 10).name : readAddress(data));
    at = next + 10 + size;
  }
  return { code: flags & 15, truncated: (flags & 0x0200) !== 0, answers };
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    ...labels.map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0]),
  ]);
}

function readName(message: Buffer, start: number): { readonly name: string; readonly next: number } {
  const labels: string[] = [];
  let at = start;
  for (;;) {
    const length = message.readUInt8(at);
    if (length === 0) return { name: labels.join('.'), next: at + 1 };
    if (length >= 0xc0) {
      const target = readName(message, message.readUInt16BE(at) & 0x3fff).name;
      return { name: [...labels, target].join('.'), next: at + 2 };
    }
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
}

function readAddress(data: Buffer): string {
  if (data.length === 4) return [...data].join('.');
  const words = data.toString('hex').match(/.{4}/g) ?? [];
  return new URL(`http://[${words.join(':')}]`).hostname.slice(1, -1);
}

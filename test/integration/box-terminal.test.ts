import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'mocha';
import { BoxLab } from '../support/box-lab.ts';

/** What an engine does at --console-socket; Node cannot receive descriptors. Prints what the terminal shows until its last user has gone. */
const receiver = `
import os, socket, sys, termios, fcntl, struct
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
print('listening', flush=True)
name, descriptors, _, _ = socket.recv_fds(listener.accept()[0], 64, 2)
rows, columns = struct.unpack('hh', fcntl.ioctl(descriptors[0], termios.TIOCGWINSZ, b'12345678')[:4])
print(name.decode(), len(descriptors), rows, columns, flush=True)
try:
    while True:
        os.write(1, os.read(descriptors[0], 4096))
except OSError:
    pass
`;

describe('tsstack-box: --console-socket', () => {
  let lab: BoxLab;
  before(() => {
    lab = new BoxLab();
  });
  after(() => lab.dispose());

  it('hands the terminal over to who listens there, with its size set', async () => {
    const socket = join(lab.directory, 'console.sock');
    const engine = spawn('python3', ['-c', receiver, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: engine.stdout })[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value, 'listening');
    const bundle = lab.bundle('tty; echo shown; sleep 0.2', (spec) => {
      spec.process.terminal = true;
      spec.process['consoleSize'] = { height: 33, width: 99 };
    });
    const id = lab.newId();
    await lab.quiet('create', '--bundle', bundle, '--console-socket', socket, id);
    assert.equal((await lines.next()).value, '/dev/ptmx 1 33 99');
    await lab.quiet('start', id);
    const shown: string[] = [];
    for (let line = await lines.next(); line.done !== true; line = await lines.next()) shown.push(line.value);
    assert.deepEqual(shown, ['/dev/pts/0', 'shown']);
    assert.equal((await lab.box('delete', '--force', id)).code, 0);
  });

  it('makes no container when nobody listens there', async () => {
    const bundle = lab.bundle('true', (spec) => {
      spec.process.terminal = true;
    });
    const id = lab.newId();
    const { code, stderr } = await lab.box(
      'create',
      '--bundle',
      bundle,
      '--console-socket',
      '/missing/console.sock',
      id,
    );
    assert.equal(code, 1);
    assert.match(stderr, /hand the terminal to \/missing\/console\.sock: No such file or directory/);
    assert.deepEqual([lab.leftRecords(), lab.leftCgroups()], [[], []]);
  });
});

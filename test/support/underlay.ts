import { spawnSync } from 'node:child_process';

const bridge = 'underlay';
/** Rules that stand for broken cables. */
const cuts = 'bridge cuts';

/** Runs a command that has to succeed; resolves to what it printed. */
export function runCommand(...[file = '', ...args]: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** The network that hosts of a test are plugged into: a bridge in the tests' own network, 10.90.0.0/24 and fd00:90::/64. */
export class Underlay {
  /** Of the tests on this network; the default route of the hosts. */
  readonly address = '10.90.0.254';

  constructor() {
    runCommand('ip', 'link', 'add', bridge, 'type', 'bridge', 'forward_delay', '0');
    runCommand('ip', 'address', 'add', `${this.address}/24`, 'dev', bridge);
    runCommand('ip', '-6', 'address', 'add', 'fd00:90::fe/64', 'dev', bridge, 'nodad');
    runCommand('ip', 'link', 'set', bridge, 'up');
    runCommand('nft', `add table ${cuts}; add chain ${cuts} forward { type filter hook forward priority 0; }`);
  }

  /** Plugs the network namespace of a process in as host number N (1 to 200): 10.90.0.N and fd00:90::N at `eth0`. */
  plug(number: number, holder: number): void {
    const inside = ['nsenter', '--target', String(holder), '--net', 'ip'];
    const port = portOf(number);
    runCommand('ip', 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(holder));
    runCommand('ip', 'link', 'set', port, 'master', bridge, 'up');
    runCommand(...inside, 'link', 'set', 'lo', 'up');
    runCommand(...inside, 'address', 'add', `${addressOf(number)}/24`, 'dev', 'eth0');
    runCommand(...inside, '-6', 'address', 'add', `fd00:90::${number.toString(16)}/64`, 'dev', 'eth0', 'nodad');
    runCommand(...inside, 'link', 'set', 'eth0', 'up');
    runCommand(...inside, 'route', 'add', 'default', 'via', this.address);
  }

  /** Pulls the cable of a host, as its own kernel sees it, too. */
  unplug(number: number): void {
    runCommand('ip', 'link', 'set', portOf(number), 'down');
  }

  /** Silently drops what a host sends to the others (`from`), or what they send to it (`to`). */
  drop(direction: 'from' | 'to', number: number): void {
    const side = direction === 'from' ? 'iifname' : 'oifname';
    runCommand('nft', `add rule ${cuts} forward ${side} ${portOf(number)} drop`);
  }

  /** Everything is whole again. */
  heal(numbers: readonly number[]): void {
    runCommand('nft', `flush chain ${cuts} forward`);
    for (const number of numbers) runCommand('ip', 'link', 'set', portOf(number), 'up');
  }

  /** Cables go with the bridge's ends of them. */
  remove(numbers: readonly number[]): void {
    for (const number of numbers) runCommand('ip', 'link', 'delete', portOf(number));
    runCommand('ip', 'link', 'delete', bridge);
    runCommand('nft', `delete table ${cuts}`);
  }
}

/** IPv4 address of host number N. */
export function addressOf(number: number): string {
  return `10.90.0.${number}`;
}

function portOf(number: number): string {
  return `port${number}`;
}

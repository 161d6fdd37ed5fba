/** A thousand pretended nodes in a process of their own: `fleet-program.ts ADDRESS NODES`. Tells its parent how far they are. */
import { Fleet } from '../../agents/simulated/fleet.ts';
import { Traffic } from '../../agents/simulated/traffic.ts';
import type { FleetNews, FleetOrder } from './fleet-process.ts';

/** Progress is told so often at most. */
const newsMs = 20;

const [address = '', nodes = ''] = process.argv.slice(2);
const given = new Set<string>();
const traffic = new Traffic(tellSoon);
/** Until all nodes have registered nothing is told. */
let isDue = true;
let lost = 0;

function tell(): void {
  isDue = false;
  const { sessions, messages, characters, reports, statuses } = traffic;
  const news: FleetNews = { given: given.size, lost, sessions, messages, characters, reports, statuses };
  process.send?.(news);
}

function tellSoon(): void {
  if (isDue) return;
  isDue = true;
  setTimeout(tell, newsMs).unref();
}

/** Those nodes are lost: they say nothing any more. */
function lose(count: number): void {
  const agents = fleet.agents.slice(0, count);
  lost = agents.reduce((sum, { tasks }) => sum + tasks.size, 0);
  for (const agent of agents) agent.stop();
  tell();
}

const onTask = ({ id }: { readonly id: string }): void => void given.add(id);
const fleet = await Fleet.start({ address, nodes: Number(nodes), onTask, traffic });
process.on('message', ({ lose: count }: FleetOrder) => lose(count));
process.on('disconnect', () => process.exit());
process.on('SIGTERM', () => process.exit());
tell();

/** A node in small: the images of a host, and a session with a real manager over which they come and go. Containers it has none. */
import { join } from 'node:path';
import { simulatedDescription } from '../../agents/simulated/simulated-agent.ts';
import { HostImages } from '../../agents/host/host-images.ts';
import { ImageService } from '../../agents/host/images/image-service.ts';
import type { RegistryDeadlines } from '../../agents/host/images/registry/deadlines.ts';
import { FileProgram } from '../../agents/host/native/file-program.ts';
import { LayerProgram } from '../../agents/host/native/layer.ts';
import { ClusterGuard } from '../../agents/host/session/cluster-guard.ts';
import { keepConnected } from '../../agents/host/session/connection-loop.ts';
import { LeadAway } from '../../agents/host/session/lead-away.ts';
import { ManagerLink } from '../../agents/host/session/manager-link.ts';
import { SelfDescription } from '../../agents/host/session/self-description.ts';
import { StatusReporter } from '../../agents/host/session/status-reporter.ts';
import { serveRelay } from '../../agents/host/streams/relay-stream.ts';
import { makeStreamHandlers } from '../../agents/host/streams/stream-handlers.ts';
import { TaskTable } from '../../agents/host/tasks/task-table.ts';
import { connectDispatcher } from '../../src/rpc/client.ts';
import { ImageLab } from './image-lab.ts';
import { nativeProgram } from './native-build.ts';

/** A registry that is away is given up soon. */
const deadlines: RegistryDeadlines = { connectMs: 1500, idleMs: 1500, retryMs: 20 };
/** Longer than a busy machine takes for anything. */
const idleMs = 10_000;

/** What is asked of a node for another one. */
type Serve = ImageService['content'];

/** The images of a node, which a test may have misbehave towards other nodes. */
class ServingImages extends ImageService {
  serve: (honest: Serve) => Serve = (honest) => honest;

  override async content(...wanted: Parameters<Serve>): ReturnType<Serve> {
    return await this.serve((...honest) => super.content(...honest))(...wanted);
  }
}

export class ImageNode {
  readonly name: string;
  readonly lab = new ImageLab();
  readonly images: ServingImages;
  readonly link = new ManagerLink(idleMs);
  /** As tasks get them. */
  readonly hostImages: HostImages;
  readonly #over = new AbortController();
  #running: Promise<void> = Promise.resolve();

  /** `room`: size of its disk. */
  constructor(name: string, room?: string) {
    this.name = name;
    if (room !== undefined) this.lab.limit(room);
    const layerProgram = nativeProgram('layer');
    this.images = new ServingImages({ dataRoot: this.lab.dataRoot, layerProgram, deadlines });
    this.hostImages = new HostImages(this.images, new LayerProgram(layerProgram), this.link);
  }

  /** Resolves when its session stands. */
  async join(address: string): Promise<void> {
    const guard = await this.#identify();
    // No stream about a container is opened here.
    const handlers = makeStreamHandlers(
      Object.create(TaskTable.prototype) as TaskTable,
      this.images,
      new FileProgram(nativeProgram('layer')),
      () => Promise.resolve(),
    );
    const opened = Promise.withResolvers<void>();
    this.link.joined();
    this.#running = keepConnected(
      {
        managers: {
          connect: () => connectDispatcher(address),
          address: () => '',
          onCluster: () => undefined,
          goTo: () => false,
          newLeader: () => Promise.reject(new Error('there is only one')),
          onSession: () => undefined,
        },
        onStanding: () => undefined,
        log: () => undefined,
        guard,
        reporter: new StatusReporter(() => undefined),
        leadAway: new LeadAway(),
        self: new SelfDescription({ ...simulatedDescription, hostname: this.name, architecture: process.arch }),
        onConnected: (client) => this.link.connected(client),
        onLost: () => this.link.lost(),
        onOpen: (sessionId) => {
          this.link.opened(sessionId);
          opened.resolve();
        },
        onAssignments: () => undefined,
        onStream: (request) => {
          if (this.link.client !== null) void serveRelay(this.link.client, request, handlers);
        },
      },
      this.#over.signal,
    );
    await opened.promise;
  }

  async leave(): Promise<void> {
    this.#over.abort();
    await this.#running;
    await this.images.settle();
    await this.lab.close();
  }

  async #identify(): Promise<ClusterGuard> {
    const file = join(this.lab.directory, 'agent.json');
    await ClusterGuard.assign(file, this.name, '');
    return new ClusterGuard(file);
  }
}

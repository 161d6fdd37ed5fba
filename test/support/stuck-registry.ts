import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/**
 * What the registry does that far: `answer` says nothing to any request, `layer` stops in the middle of a layer, `trickle` sends
 * the second half of a layer so slowly that it never ends.
 */
export type Fault = 'answer' | 'layer' | 'trickle';

const trickleMs = 100;
/** Documents are smaller; layers of test images are larger. */
const documentBytes = 16 * 1024;

/** A registry on a loopback port that has one image, `stuck:1`, from a directory in the OCI layout, and never delivers it. */
export class StuckRegistry {
  readonly reference: string;
  /** Resolves when the first half of a layer has been sent. */
  readonly atFault: Promise<void>;
  /** Resolves when a client has gone away from a layer that it was waiting for. */
  readonly abandoned: Promise<void>;
  readonly #close: () => Promise<void>;

  private constructor(port: number, atFault: Promise<void>, abandoned: Promise<void>, close: () => Promise<void>) {
    this.reference = `127.0.0.1:${port}/stuck:1`;
    this.atFault = atFault;
    this.abandoned = abandoned;
    this.#close = close;
  }

  static async start(layout: string, fault: Fault): Promise<StuckRegistry> {
    const atFault = Promise.withResolvers<void>();
    const abandoned = Promise.withResolvers<void>();
    const server = createServer((request, response) => {
      if (fault === 'answer') return;
      const [, , , kind = '', name = ''] = (request.url ?? '').split('/');
      const body = readFileSync(join(layout, kind === 'manifests' ? manifestOf(layout) : blobPath(name)));
      response.setHeader('content-length', body.length);
      if (kind === 'manifests') response.setHeader('content-type', 'application/vnd.oci.image.manifest.v1+json');
      if (body.length < documentBytes) return void response.end(body);
      response.write(body.subarray(0, body.length / 2), () => atFault.resolve());
      response.once('close', () => abandoned.resolve());
      if (fault === 'trickle') trickle(response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const close = async (): Promise<void> => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    };
    return new StuckRegistry((server.address() as AddressInfo).port, atFault.promise, abandoned.promise, close);
  }

  close(): Promise<void> {
    return this.#close();
  }
}

function trickle(response: ServerResponse): void {
  const timer = setInterval(() => response.write('.'), trickleMs);
  response.once('close', () => clearInterval(timer));
}

function manifestOf(layout: string): string {
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as { manifests: { digest: string }[] };
  return blobPath(index.manifests[0]?.digest ?? '');
}

function blobPath(digest: string): string {
  return join('blobs', digest.replace(':', '/'));
}

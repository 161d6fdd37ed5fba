/** An image store of its own for one test. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageService } from '../../agents/host/images/image-service.ts';
import type { ImageServiceOptions } from '../../agents/host/images/image-service.ts';
import { nativeProgram } from './native-build.ts';

export class ImageLab {
  readonly directory = mkdtempSync(join(tmpdir(), 'tsstack-images-'));
  readonly dataRoot = join(this.directory, 'data');
  readonly #services: ImageService[] = [];
  #isMounted = false;

  /** A service over the same data root each time, as after a restart. */
  open(options: Partial<ImageServiceOptions> = {}): ImageService {
    const service = new ImageService({ dataRoot: this.dataRoot, layerProgram: nativeProgram('layer'), ...options });
    this.#services.push(service);
    return service;
  }

  /** Waits for what the services do behind the scenes. */
  async settle(): Promise<void> {
    for (const service of this.#services) await service.settle();
  }

  /** Names of what the store holds in one of its directories. */
  contents(of: 'blobs/sha256' | 'layers' | 'ingest'): string[] {
    return readdirSync(join(this.dataRoot, of)).toSorted();
  }

  /** Puts the data root on a disk of that size. */
  limit(size: string): void {
    execFileSync('mkdir', ['-p', this.dataRoot]);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tsstack-test', this.dataRoot]);
    this.#isMounted = true;
  }

  async close(): Promise<void> {
    await this.settle();
    if (this.#isMounted) execFileSync('umount', [this.dataRoot]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

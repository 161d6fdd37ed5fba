/** Which namespaces a container has of its own, and whose it shares. The network's are in NetworkMode. */
export interface NamespacesSpec {
  readonly pid: SharedNamespace | { readonly kind: 'private' };
  /** With it goes /dev/shm. `shareable`: others may join it; `none`: private and without /dev/shm. */
  readonly ipc: SharedNamespace | { readonly kind: 'private' | 'shareable' | 'none' };
  readonly uts: 'private' | 'host';
  readonly cgroup: 'private' | 'host';
}

/** A namespace that is not the container's own: the host's, or that of a container of a service or with a name. */
export type SharedNamespace =
  | { readonly kind: 'host' }
  | { readonly kind: 'service'; readonly service: string }
  | { readonly kind: 'container'; readonly container: string };

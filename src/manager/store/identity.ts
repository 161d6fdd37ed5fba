/** Made with a store; stays when it moves. */
export interface StoreIdentity {
  readonly clusterId: string;
  /** Grows when the store is restored or made anew. */
  readonly epoch: number;
}

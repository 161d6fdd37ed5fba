/** Made with a store; stays when it moves. */
export interface StoreIdentity {
  readonly clusterId: string;
  /** Grows when the store is restored or made anew. */
  readonly epoch: number;
  /** Of the store whose place it takes; 0 for a new one. */
  readonly revision: number;
}

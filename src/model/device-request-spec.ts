/** Devices that are asked for by what they can do (`gpus`, `deploy.resources.reservations.devices`), found in the node's CDI specs. */
export interface DeviceRequestSpec {
  /** Vendor's driver, as `nvidia`; `cdi`: the ids are whole CDI names; null = the only vendor that the node has. */
  readonly driver: string | null;
  /** -1 = all; null with ids. */
  readonly count: number | null;
  readonly ids: readonly string[];
  /** One of them is the class of the devices, as `gpu`. */
  readonly capabilities: readonly string[];
}

/** Shares and limits of input and output on block devices. */
export interface BlockIoSpec {
  /** 10 to 1000; null = the kernel's. */
  readonly weight: number | null;
  readonly weightDevices: readonly { readonly path: string; readonly weight: number }[];
  readonly readBps: readonly BlockIoRate[];
  readonly writeBps: readonly BlockIoRate[];
  readonly readIops: readonly BlockIoRate[];
  readonly writeIops: readonly BlockIoRate[];
}

/** At most so many bytes or operations per second on the device at that path of the host. */
export interface BlockIoRate {
  readonly path: string;
  readonly rate: number;
}

import type { PullPolicy } from '../model/spec.ts';

/**
 * The kinds of two-way streams (`OpenStream.kind`): arguments in `OpenStream.arguments`, documents in `Frame.document`.
 * Streams about a task go to the agent that holds it.
 */
export interface StreamKinds {
  /** Runs a process in the container. stdin/stdout/stderr frames; ends with exit. */
  readonly exec: {
    readonly arguments: {
      readonly command: readonly string[];
      readonly environment: readonly string[];
      readonly user: string | null;
      readonly workingDir: string | null;
      readonly tty: boolean;
      readonly stdin: boolean;
      readonly detach: boolean;
      readonly privileged: boolean;
      readonly size: { readonly rows: number; readonly columns: number } | null;
    };
    readonly document: never;
  };
  /** Joins the container's own stdio; with `start` the container, created with desired state `ready`, is started once the stream stands, so that no output is lost. */
  readonly attach: {
    readonly arguments: {
      readonly stdin: boolean;
      readonly output: boolean;
      readonly start: boolean;
      readonly size: { readonly rows: number; readonly columns: number } | null;
    };
    readonly document: never;
  };
  /**
   * Log records of one container in the CRI text format, whole lines, as stdout frames of up to 1 MiB (`TIME stdout|stderr F|P TEXT\n`),
   * large ones packed.
   * Ends with exit when the end is reached, or with `follow` when the container has ended for good (removed, or exited with no restart to come).
   */
  readonly logs: {
    readonly arguments: {
      /** What the container itself said, or what its hooks did. */
      readonly source: 'container' | 'hooks';
      /** Not beyond the end of this run of the task; null = of the one that it is in. */
      readonly run: number | null;
      readonly follow: boolean;
      /** Last n lines before following; null = all. */
      readonly tail: number | null;
      /** RFC 3339 bounds; null = open. */
      readonly since: string | null;
      readonly until: string | null;
    };
    readonly document: never;
  };
  /** Processes of the container. One document, then exit. */
  readonly top: {
    readonly arguments: Record<string, never>;
    readonly document: { readonly titles: readonly string[]; readonly processes: readonly (readonly string[])[] };
  };
  /** One document a second (or one with `once`). */
  readonly stats: {
    readonly arguments: { readonly once: boolean };
    readonly document: {
      readonly cpuUsageNs: number;
      readonly memoryBytes: number;
      readonly memoryLimitBytes: number;
      readonly pids: number;
      readonly blockReadBytes: number;
      readonly blockWriteBytes: number;
      /** Over all interfaces but loopback; 0 in the network of the host. */
      readonly networkReceivedBytes: number;
      readonly networkSentBytes: number;
    };
  };
  /** Sends a signal (name or number). `kill` of the command line with SIGKILL ends the container for good. */
  readonly signal: { readonly arguments: { readonly signal: string }; readonly document: never };
  readonly pause: { readonly arguments: Record<string, never>; readonly document: never };
  readonly unpause: { readonly arguments: Record<string, never>; readonly document: never };
  /** What lies at a path of the container, which need not run. One document, then exit; nothing there is no failure. */
  readonly 'files.look': {
    readonly arguments: { readonly path: string; readonly follow: boolean };
    readonly document: FoundPath;
  };
  /** That file or directory as a tar archive in stdout frames, under another name; then exit. `follow` concerns a link at the end of the path. */
  readonly 'files.pack': {
    readonly arguments: { readonly path: string; readonly name: string; readonly follow: boolean };
    readonly document: never;
  };
  /** stdin frames carry a tar archive for an existing directory of the container. Owners are those of the archive, or the container's root. */
  readonly 'files.insert': {
    readonly arguments: { readonly directory: string; readonly keepOwners: boolean };
    readonly document: never;
  };
  /** Pulls an image on a node. Progress documents, none when the image is there and need not be pulled; then exit. */
  readonly 'image.pull': {
    readonly arguments: { readonly reference: string; readonly policy: PullPolicy };
    readonly document: ImageProgress;
  };
  /** stdin frames carry a docker-archive or OCI archive; documents name the loaded references. */
  readonly 'image.load': {
    readonly arguments: Record<string, never>;
    readonly document: ImageProgress;
  };
  /** stdin frames carry a root filesystem tar. */
  readonly 'image.import': {
    readonly arguments: { readonly reference: string; readonly changes: readonly string[] };
    readonly document: ImageProgress;
  };
  readonly 'image.list': {
    readonly arguments: Record<string, never>;
    readonly document: { readonly images: readonly ImageSummary[] };
  };
  /** Asks the registry what a name means now. `pinned` is the whole name with the digest; null for an image that is in no registry. */
  readonly 'image.resolve': {
    readonly arguments: { readonly reference: string };
    readonly document: { readonly pinned: string | null };
  };
  /** Those of these names that mean an image on the node. With `readFiles` images in files (oci-layout://, docker-archive://) are read first, if they are there. */
  readonly 'image.find': {
    readonly arguments: { readonly references: readonly string[]; readonly readFiles: boolean };
    readonly document: { readonly images: readonly ImageHere[] };
  };
  /** Asks the registry what a name means now, without fetching any layer. */
  readonly 'image.identify': {
    readonly arguments: { readonly reference: string };
    readonly document: { readonly image: ImageHere };
  };
  /** Bytes of a blob of an image that the node has, from an offset on, as stdout frames of up to 256 KiB; a null digest means the manifest. Then exit. */
  readonly 'image.content': {
    readonly arguments: { readonly image: string; readonly digest: string | null; readonly offset: number };
    readonly document: never;
  };
  /** Names of the containers that keep `image.remove` of that reference from taking an image of the node away; none when only a name would go. */
  readonly 'image.users': {
    readonly arguments: { readonly reference: string };
    readonly document: { readonly users: readonly string[] };
  };
  readonly 'image.remove': {
    readonly arguments: { readonly reference: string; readonly force: boolean };
    readonly document: { readonly removed: readonly string[] };
  };
}

export type StreamKind = keyof StreamKinds;

/** What lies at a path. */
export interface FoundPath {
  readonly kind: 'missing' | 'directory' | 'file' | 'link' | 'other';
  /** Of a link; else empty. */
  readonly target: string;
}

export interface ImageProgress {
  /** resolving, downloading, unpacking, done, loaded. */
  readonly status: string;
  /** Layer or reference it is about. */
  readonly id: string;
  readonly current: number;
  /** 0 = unknown. */
  readonly total: number;
}

/** What a name means on one node, or at its registry. */
export interface ImageHere {
  /** As it was asked for. */
  readonly reference: string;
  readonly imageId: string;
  /** `linux/amd64`. */
  readonly platform: string;
  /** `HOST/REPOSITORY@DIGEST` in its registry, of all platforms that it has there; null when it is not known to be in one. */
  readonly pinned: string | null;
  /** Bytes of the uncompressed archives of its layers, lowest first; null where they are not there, or not known. */
  readonly layerBytes: readonly (number | null)[] | null;
  /** When the image got that name, in ms since the epoch. */
  readonly namedAtMs: number;
}

export interface ImageSummary {
  readonly id: string;
  readonly references: readonly string[];
  readonly sizeBytes: number;
  readonly createdAt: string;
  readonly platform: string;
  /** Names of the containers of the node that need it. */
  readonly users: readonly string[];
}

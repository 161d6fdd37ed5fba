import { below, type AttributeGroup, type AttributeTexts } from './attribute-text.ts';

/** A secret or config in a container. */
export const grantTexts = (target: string): AttributeTexts => ({
  source: { effect: 'Its name at the top of the file.' },
  target: { effect: 'The path in the container.', default: target },
  uid: { effect: 'The owner of the file.', default: '0' },
  gid: { effect: 'The group of the file.', default: '0' },
  mode: { effect: 'The permissions of the file in octal.', default: '0444' },
});

/** Files that containers see beside those of their image. */
export const storage: AttributeGroup = {
  title: 'Services: storage',
  texts: below('services.*', {
    volumes: {
      effect:
        'What is mounted: `[SOURCE:]TARGET[:OPTIONS]`. A path binds, a name is a volume, no source is a volume without a name.',
    },
    'volumes.*.type': { effect: 'What is mounted: a volume, a path of the host, memory, an image.' },
    'volumes.*.source': {
      effect: 'The name of the volume, the path of the host, or the image.',
      default: 'a volume without a name',
    },
    'volumes.*.target': { effect: 'The path in the container.' },
    'volumes.*.read_only': { effect: 'Whether the container may not write there.', default: 'false' },
    'volumes.*.consistency': {
      effect: 'A hint to file sharing of other platforms; no effect on Linux by the specification.',
    },
    'volumes.*.bind': { effect: 'Options of a mount of the host.' },
    'volumes.*.bind.propagation': {
      effect: 'Which later mounts cross between host and container.',
      default: 'rprivate',
    },
    'volumes.*.bind.create_host_path': { effect: 'Whether a missing directory of the host is made.', default: 'true' },
    'volumes.*.bind.recursive': {
      effect: 'Whether mounts below come along, and whether read-only holds for them, too.',
      default: 'enabled',
    },
    'volumes.*.bind.selinux': {
      effect:
        'Gives the source, with all that is in it, the SELinux label of files of containers: of all (`z`), or with the level of this one (`Z`). Directories that belong to the system are refused. No effect on hosts without SELinux.',
    },
    'volumes.*.volume': { effect: 'Options of a volume.' },
    'volumes.*.volume.labels': { effect: 'Labels of a volume without a name.' },
    'volumes.*.volume.nocopy': { effect: "Whether an empty volume does not get the image's files.", default: 'false' },
    'volumes.*.volume.subpath': { effect: 'The directory of the volume to mount.', default: 'all of it' },
    'volumes.*.tmpfs': { effect: 'Options of a mount of memory.' },
    'volumes.*.tmpfs.size': { effect: 'How much fits.', default: 'half of the memory' },
    'volumes.*.tmpfs.mode': { effect: 'The permissions of its root in octal.', default: '01777' },
    'volumes.*.image': { effect: 'Options of a mounted image.' },
    'volumes.*.image.subpath': { effect: 'The directory of the image to mount.', default: 'all of it' },
    volumes_from: {
      effect: 'Takes the mounts of another service or container: `SERVICE[:ro]`, `container:NAME[:ro]`.',
    },
    tmpfs: { effect: 'Mounts of memory: `PATH[:OPTIONS]` with size, mode, uid, gid, exec and the like.' },
    configs: { effect: 'Configs that the containers can read as files.' },
    ...below('configs.*', grantTexts('/SOURCE')),
    secrets: { effect: 'Secrets that the containers can read as files in memory.' },
    ...below('secrets.*', grantTexts('/run/secrets/SOURCE')),
    read_only: { effect: "Whether the container's own filesystem cannot be written to.", default: 'false' },
    shm_size: { effect: 'The size of /dev/shm.', default: '64m' },
    storage_opt: {
      effect:
        "Options of the container's own filesystem: `size` bounds what it may write, on xfs or ext4 with project quotas.",
    },
    use_api_socket: { effect: "Gives the container the daemon's socket.", default: 'false' },
  }),
};

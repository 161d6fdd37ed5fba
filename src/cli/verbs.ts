import type { VerbEntry } from './command-line/verb.ts';
import type { VerbName } from './verb-names.ts';

/** All verbs, in the order of the help. */
export const verbs: Readonly<Record<VerbName, VerbEntry>> = {
  up: { summary: 'Create and start containers', load: async () => (await import('./commands/up.ts')).up },
  down: {
    summary: 'Stop and remove containers and networks',
    load: async () => (await import('./commands/down.ts')).down,
  },
  plan: { summary: 'Show what `up` would do', load: async () => (await import('./commands/plan.ts')).plan },
  ps: { summary: 'List containers', load: async () => (await import('./commands/ps.ts')).ps },
  logs: { summary: 'Show the output of containers', load: async () => (await import('./commands/logs.ts')).logs },
  exec: {
    summary: 'Run a command in a running container',
    load: async () => (await import('./commands/exec.ts')).exec,
  },
  run: {
    summary: 'Run a command in a new container of a service',
    load: async () => (await import('./commands/run.ts')).run,
  },
  attach: {
    summary: "Join the streams of a container's main process",
    load: async () => (await import('./commands/attach.ts')).attach,
  },
  cp: {
    summary: 'Copy files into and out of containers',
    load: async () => (await import('./commands/cp.ts')).cp,
  },
  create: {
    summary: 'Create containers without starting them',
    load: async () => (await import('./commands/create.ts')).create,
  },
  start: { summary: 'Start containers that exist', load: async () => (await import('./commands/start.ts')).start },
  stop: { summary: 'Stop containers', load: async () => (await import('./commands/stop.ts')).stop },
  restart: { summary: 'Restart containers', load: async () => (await import('./commands/restart.ts')).restart },
  kill: {
    summary: 'Send a signal to containers, SIGKILL by default',
    load: async () => (await import('./commands/kill.ts')).kill,
  },
  pause: { summary: 'Freeze containers', load: async () => (await import('./commands/pause.ts')).pause },
  unpause: { summary: 'Let frozen containers go on', load: async () => (await import('./commands/pause.ts')).unpause },
  rm: { summary: 'Remove stopped containers', load: async () => (await import('./commands/rm.ts')).rm },
  scale: {
    summary: 'Set the number of containers of services',
    load: async () => (await import('./commands/scale.ts')).scale,
  },
  wait: { summary: 'Wait until containers end', load: async () => (await import('./commands/wait.ts')).wait },
  top: { summary: 'Show the processes of containers', load: async () => (await import('./commands/top.ts')).top },
  stats: { summary: 'Show what containers use', load: async () => (await import('./commands/stats.ts')).stats },
  port: { summary: 'Show where a port is published', load: async () => (await import('./commands/port.ts')).port },
  events: { summary: 'Show events of containers', load: async () => (await import('./commands/events.ts')).events },
  images: { summary: 'List the images of containers', load: async () => (await import('./commands/images.ts')).images },
  volumes: { summary: 'List volumes', load: async () => (await import('./commands/volumes.ts')).volumes },
  config: {
    summary: 'Check the stack file and print it in its canonical form',
    load: async () => (await import('./commands/config.ts')).config,
  },
  schema: {
    summary: 'Print the JSON Schema of stack files, for editors',
    load: async () => (await import('./commands/schema.ts')).schema,
  },
  network: {
    summary: 'Make, list and remove networks that belong to no stack',
    load: async () => (await import('./commands/network.ts')).network,
  },
  volume: {
    summary: 'Make, list and remove volumes that belong to no stack',
    load: async () => (await import('./commands/volume.ts')).volume,
  },
  secret: {
    summary: 'Make, list and remove secrets that belong to no stack',
    load: async () => (await import('./commands/secret.ts')).secret,
  },
  'config-object': {
    summary: 'Make, list and remove configs that belong to no stack',
    load: async () => (await import('./commands/config-object.ts')).configObject,
  },
  ls: { summary: 'List stacks', load: async () => (await import('./commands/ls.ts')).ls },
  pull: { summary: 'Pull the images of services', load: async () => (await import('./commands/pull.ts')).pull },
  load: { summary: 'Load images from an archive', load: async () => (await import('./commands/load.ts')).load },
  import: {
    summary: 'Make an image of a root filesystem archive',
    load: async () => (await import('./commands/import.ts')).importImage,
  },
  cluster: {
    summary: 'Make a cluster of hosts, join one, leave it',
    group: async () => (await import('./commands/cluster/verbs.ts')).clusterVerbs,
  },
  node: {
    summary: 'Look at the nodes of the cluster, and change them',
    group: async () => (await import('./commands/node/verbs.ts')).nodeVerbs,
  },
  service: {
    summary: 'Look at services, and change them by hand',
    group: async () => (await import('./commands/service/verbs.ts')).serviceVerbs,
  },
  info: {
    summary: 'Show the daemon and what this host lacks',
    load: async () => (await import('./commands/info.ts')).info,
  },
  daemon: {
    summary: 'Run the daemon in the foreground',
    load: async () => (await import('./commands/daemon.ts')).daemon,
  },
  completion: {
    summary: 'Print what makes Tab complete commands: eval "$(tsstack completion bash)"',
    load: async () => (await import('./commands/completion.ts')).completion,
  },
  version: { summary: 'Print the version', load: async () => (await import('./commands/version.ts')).version },
};

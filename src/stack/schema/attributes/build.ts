import { below, type AttributeGroup } from './attribute-text.ts';
import { hookTexts } from './process.ts';
import { grantTexts } from './storage.ts';

/** How images are made, and what happens when sources change. */
export const build: AttributeGroup = {
  title: 'Services: build and develop',
  texts: {
    ...below('services.*.build', {
      '': { effect: 'How the image is built: the directory, or more.' },
      context: { effect: 'The directory that the build sees, or a git or http address.', default: 'the project' },
      dockerfile: { effect: 'The recipe, relative to the context.', default: 'Dockerfile' },
      dockerfile_inline: { effect: 'The recipe itself.' },
      entitlements: { effect: 'What the build may do beyond the usual.' },
      args: { effect: "Values of the recipe's ARG; a key alone takes the project's value." },
      ssh: { effect: 'SSH agents or keys that RUN may use: `default`, or `ID=PATH`.' },
      labels: { effect: 'Labels of the image.' },
      cache_from: { effect: 'Where to look for steps that are built already.' },
      cache_to: { effect: 'Where to leave the steps for others.' },
      no_cache: { effect: 'Whether every step is built anew.', default: 'false' },
      no_cache_filter: { effect: 'Stages that are built anew.' },
      additional_contexts: { effect: 'More contexts by name: a directory, an address, an image, `service:NAME`.' },
      network: { effect: 'The network of RUN.' },
      provenance: { effect: 'Whether to attest how the image was built.' },
      sbom: { effect: 'Whether to attest what the image contains.' },
      pull: { effect: 'Whether base images are pulled even if they are here.', default: 'false' },
      target: { effect: 'The stage to build.', default: 'the last one' },
      shm_size: { effect: 'The size of /dev/shm of RUN.', default: '64m' },
      extra_hosts: { effect: 'More lines of the hosts file of RUN.' },
      isolation: { effect: 'How RUN is isolated; only `default` exists on Linux.', default: 'default' },
      privileged: { effect: 'Whether RUN has all capabilities and devices.', default: 'false' },
      secrets: { effect: 'Secrets that RUN may mount.' },
      ...below('secrets.*', grantTexts('/run/secrets/SOURCE')),
      tags: { effect: 'More names of the image.' },
      ulimits: { effect: 'Limits of the processes of RUN.' },
      'ulimits.*.soft': { effect: 'The limit that holds.' },
      'ulimits.*.hard': { effect: 'The limit up to which the process may raise it.' },
      platforms: { effect: 'The platforms to build for.', default: "the host's" },
    }),
    ...below('services.*.develop', {
      '': { effect: 'What `watch` does when files of the project change.' },
      watch: { effect: 'The rules.' },
      'watch.*.path': { effect: 'The file or directory to watch, relative to the project.' },
      'watch.*.action': { effect: 'rebuild, sync, restart, sync+restart or sync+exec.' },
      'watch.*.target': { effect: 'Where changed files go in the container.' },
      'watch.*.exec': { effect: 'What `sync+exec` runs in the container.' },
      ...below('watch.*.exec', hookTexts),
      'watch.*.include': { effect: 'Patterns of the files that count.', default: 'all' },
      'watch.*.ignore': { effect: 'Patterns of the files that do not count.' },
      'watch.*.initial_sync': { effect: 'Whether everything is copied when `watch` starts.', default: 'false' },
    }),
  },
};

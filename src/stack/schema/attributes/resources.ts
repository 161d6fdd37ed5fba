import { below, type AttributeGroup, type AttributeTexts } from './attribute-text.ts';

const throttle = (what: string): AttributeTexts => ({
  '': { effect: `The most ${what}, by device.` },
  '*.path': { effect: 'The device.' },
  '*.rate': { effect: `The most ${what}.` },
});

/** Limits of processor, memory and disks. */
export const resources: AttributeGroup = {
  title: 'Services: processor, memory, disks',
  texts: below('services.*', {
    cpus: {
      effect: 'How much processor time the container may use: 1.5 is one and a half processors.',
      default: 'no limit',
    },
    cpuset: { effect: 'The processors that it may use: `0-3`, `0,2`.', default: 'all' },
    cpu_shares: { effect: 'Its share when processors are short.', default: '1024' },
    cpu_period: { effect: 'The period of `cpu_quota` in microseconds.', default: '100000' },
    cpu_quota: { effect: 'Microseconds of processor time in each period.', default: 'no limit' },
    cpu_rt_period: { effect: 'The period of `cpu_rt_runtime`; realtime groups exist in cgroup v1 only.' },
    cpu_rt_runtime: { effect: 'Realtime processor time in each period; cgroup v1 only.' },
    cpu_count: { effect: 'Processors of a Windows container.' },
    cpu_percent: { effect: 'Share of the processors of a Windows container.' },
    mem_limit: { effect: 'The most memory; beyond it the kernel kills.', default: 'no limit' },
    mem_reservation: { effect: 'Memory that is left to the container when memory is short.' },
    memswap_limit: {
      effect: 'The most memory and swap together; equal to `mem_limit` means no swap, -1 no limit.',
      default: 'twice mem_limit',
    },
    mem_swappiness: { effect: 'How readily the kernel swaps, 0 to 100; cgroup v1 only.', default: "the kernel's" },
    oom_kill_disable: {
      effect: 'Out of memory the container waits in place of being killed; cgroup v1 only.',
      default: 'false',
    },
    oom_score_adj: {
      effect: 'How early the kernel kills the container when the host is out of memory, -1000 to 1000.',
      default: '0',
    },
    pids_limit: { effect: 'The most processes and threads; -1 is no limit.', default: 'no limit' },
    blkio_config: { effect: 'Shares and limits of disks.' },
    'blkio_config.weight': { effect: 'The share of disk time, 10 to 1000.', default: '500' },
    'blkio_config.weight_device': { effect: 'The share of disk time by device.' },
    'blkio_config.weight_device.*.path': { effect: 'The device.' },
    'blkio_config.weight_device.*.weight': { effect: 'The share, 10 to 1000.' },
    ...below('blkio_config.device_read_bps', throttle('bytes read per second')),
    ...below('blkio_config.device_read_iops', throttle('reads per second')),
    ...below('blkio_config.device_write_bps', throttle('bytes written per second')),
    ...below('blkio_config.device_write_iops', throttle('writes per second')),
  }),
};

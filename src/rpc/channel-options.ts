import type { ChannelOptions } from '@grpc/grpc-js';

/** Largest message in either direction. */
export const maxMessageBytes = 16 * 1024 * 1024;

/** Options of servers, and the part of the clients' that is the same. */
export const channelOptions: ChannelOptions = {
  'grpc.max_receive_message_length': maxMessageBytes,
  'grpc.max_send_message_length': maxMessageBytes,
  // The default of 64 KiB makes log streams wait for the peer after every quarter of a frame.
  'grpc-node.flow_control_window': 8 * 1024 * 1024,
};

/** Options of servers for whoever is not known: what joining takes is a few KiB. */
export const strangerChannelOptions: ChannelOptions = {
  ...channelOptions,
  'grpc.max_receive_message_length': 64 * 1024,
  'grpc.max_concurrent_streams': 4,
  'grpc-node.flow_control_window': 64 * 1024,
};

/**
 * Between hosts, in addition: a peer that vanished without a word (a host that lost power) is noticed within 40 s. The timeout is the larger part of
 * them, since who is busy for seconds (a manager that is given 100,000 tasks) is not gone. On a host itself the kernel tells of the end at once.
 */
export const networkOptions: ChannelOptions = {
  'grpc.keepalive_time_ms': 15_000,
  'grpc.keepalive_timeout_ms': 25_000,
};

/** Options of clients. */
export const clientChannelOptions: ChannelOptions = {
  ...channelOptions,
  // Not so on servers: without it grpc-js 1.14 forgets its sessions and forceShutdown cannot end them.
  'grpc.enable_channelz': 0,
  // Retries would keep a copy of every message; callers repeat what may be repeated.
  'grpc.enable_retries': 0,
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.use_local_subchannel_pool': 1,
};

import { below, type AttributeGroup } from './attribute-text.ts';

/** How containers reach others and are reached. */
export const networkOfService: AttributeGroup = {
  title: 'Services: network',
  texts: below('services.*', {
    networks: {
      effect: 'The networks that the containers join, where other services reach them by name.',
      default: 'the network `default` of the stack',
    },
    'networks.*.aliases': { effect: 'More names of the service on this network.' },
    'networks.*.ipv4_address': { effect: "A fixed address within the network's subnet.", default: 'any free one' },
    'networks.*.ipv6_address': { effect: "A fixed IPv6 address within the network's subnet.", default: 'any free one' },
    'networks.*.link_local_ips': { effect: 'Link-local addresses of the interface.' },
    'networks.*.mac_address': { effect: 'The hardware address of the interface.', default: 'made of the address' },
    'networks.*.interface_name': { effect: 'The name of the interface in the container.', default: 'ethN' },
    'networks.*.driver_opts': { effect: 'Options of the endpoint, such as sysctls of its interface.' },
    'networks.*.priority': {
      effect: 'The network with the highest number is joined first, and takes the `mac_address` of the service.',
      default: '0',
    },
    'networks.*.gw_priority': {
      effect: 'The network with the highest number provides the default route.',
      default: '0',
    },
    network_mode: {
      effect: "No network, the host's, or that of another service or container, in place of networks of its own.",
      default: 'networks of its own',
    },
    ports: {
      effect: 'Ports of the containers that the host publishes: `[[IP:]HOST:]CONTAINER[/PROTOCOL]`, ranges included.',
    },
    'ports.*.target': { effect: 'The port in the container.' },
    'ports.*.published': { effect: 'The port of the host, or a range to choose one from.', default: 'any free one' },
    'ports.*.host_ip': { effect: 'The address of the host to listen on.', default: 'all addresses' },
    'ports.*.protocol': { effect: 'tcp, udp or sctp.', default: 'tcp' },
    'ports.*.mode': {
      effect:
        '`host`: on the node of the container; `ingress`: on all nodes, one port for all containers of the service.',
      default: 'ingress',
    },
    'ports.*.name': { effect: 'A name for people; no effect by the specification.' },
    'ports.*.app_protocol': { effect: 'What is spoken there, for people and tools; no effect by the specification.' },
    expose: { effect: 'Ports that other services use, shown by `ps`; they are not published.', default: "the image's" },
    links: { effect: 'Services with another name for this one alone (`SERVICE[:ALIAS]`); they start before it.' },
    external_links: { effect: 'Containers of other stacks with a name of their own here (`CONTAINER[:ALIAS]`).' },
    extra_hosts: { effect: "More lines of the hosts file; `host-gateway` is the host's address." },
    dns: { effect: "Servers that answer what tsstack's own does not know.", default: "the host's" },
    dns_search: { effect: 'Domains to search for short names; `.` is none.', default: "the host's" },
    dns_opt: { effect: 'Options of the resolver (resolv.conf).' },
    mac_address: { effect: 'The hardware address on the first network.', default: 'made of the address' },
  }),
};

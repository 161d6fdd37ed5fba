/* tsstack-net: the network data plane of one host's daemon; see docs/native.md, section 6. */
#include "../common/cleanup.h"
#include "../common/file.h"
#include "../common/json.h"
#include "flow-limit.h"
#include "memory.h"
#include "netns.h"
#include "operations.h"
#include "server.h"
#include "wireguard/care.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

/* Two descriptors per sandbox, one per published port and per question to an upstream server. */
#define DESCRIPTORS 65536
#define READY_VARIABLE "TSSTACK_READY_FD"

struct options
{
  const char *socket, *state;
};

struct net
{
  struct loop loop;
  struct loop_watch signals;
  struct state state;
  struct netlink route;
  struct nft nft;
  struct trash trash;
  struct dns_service dns;
  struct overlays overlays;
  struct ipsec ipsec;
  struct wireguard wireguard;
  struct sandboxes sandboxes;
  struct ports ports;
  struct kept_tables tables;
  struct guard guard;
  struct flow_limit flow_limit;
  struct server server;
  struct operations operations;
};

static int
parse_options (int argc, char **argv, struct options *options)
{
  static const struct option table[]
      = { { "socket", required_argument, NULL, 's' }, { "state", required_argument, NULL, 'd' }, { 0 } };
  for (int option = getopt_long (argc, argv, "", table, NULL); option != -1;
       option = getopt_long (argc, argv, "", table, NULL))
    {
      if (option == 's')
        options->socket = optarg;
      else if (option == 'd')
        options->state = optarg;
      else
        return -1;
    }
  return optind == argc && options->socket != NULL && options->state != NULL ? 0 : -1;
}

static void
raise_descriptor_limit (void)
{
  struct rlimit limit;
  if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
    return;
  rlim_t wanted = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
  if (limit.rlim_cur < wanted)
    {
      limit.rlim_cur = wanted;
      setrlimit (RLIMIT_NOFILE, &limit);
    }
}

static void
on_signal (void *context, uint32_t events)
{
  struct net *net = context;
  (void)events;
  loop_stop (&net->loop);
}

static int
watch_signals (struct net *net, struct tss_error *error)
{
  sigset_t signals;
  sigemptyset (&signals);
  sigaddset (&signals, SIGTERM);
  sigaddset (&signals, SIGINT);
  sigprocmask (SIG_BLOCK, &signals, NULL);
  signal (SIGPIPE, SIG_IGN);
  net->signals = (struct loop_watch){ .function = on_signal, .context = net };
  net->signals.fd = signalfd (-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (net->signals.fd < 0)
    return tss_error_set (error, TSS_ERROR_IO, errno, NULL, "open signal descriptor");
  return loop_set (&net->loop, &net->signals, EPOLLIN, error);
}

/* Opens everything and takes over what a predecessor has left. */
static int
open_net (struct net *net, const struct options *options, struct tss_error *error)
{
  net->dns.loop = &net->loop;
  net->ports.state = &net->state;
  net->tables.nft = &net->nft;
  net->tables.state = &net->state;
  net->guard.nft = &net->nft;
  net->guard.state = &net->state;
  net->guard.tables = &net->tables;
  net->overlays.route = &net->route;
  net->overlays.state = &net->state;
  net->overlays.ipsec = &net->ipsec;
  net->ipsec.nft = &net->nft;
  net->ipsec.tables = &net->tables;
  net->wireguard
      = (struct wireguard){ .loop = &net->loop, .route = &net->route, .ipsec = &net->ipsec, .tables = &net->tables };
  net->flow_limit.loop = &net->loop;
  net->flow_limit.sandboxes = &net->sandboxes;
  net->sandboxes.overlays = &net->overlays;
  net->sandboxes.route = &net->route;
  net->sandboxes.state = &net->state;
  net->sandboxes.dns = &net->dns;
  net->sandboxes.trash = &net->trash;
  net->operations = (struct operations){ .loop = &net->loop,
                                         .route = &net->route,
                                         .nft = &net->nft,
                                         .state = &net->state,
                                         .dns = &net->dns,
                                         .sandboxes = &net->sandboxes,
                                         .trash = &net->trash,
                                         .ports = &net->ports,
                                         .tables = &net->tables,
                                         .guard = &net->guard,
                                         .overlays = &net->overlays,
                                         .ipsec = &net->ipsec,
                                         .wireguard = &net->wireguard };
  if (state_open (&net->state, options->state, error) < 0 || loop_open (&net->loop, error) < 0
      || watch_signals (net, error) < 0 || netlink_open (&net->route, NETLINK_ROUTE, error) < 0
      || nft_open (&net->nft, error) < 0)
    return -1;
  net->sandboxes.host_namespace = netns_open_current (error);
  if (net->sandboxes.host_namespace < 0)
    return -1;
  if (trash_open (&net->trash, &net->loop, error) < 0 || operations_restore_names (&net->operations, error) < 0
      || overlays_restore (&net->overlays, error) < 0 || sandboxes_restore (&net->sandboxes, error) < 0
      || ports_restore (&net->ports, error) < 0 || kept_tables_open (&net->tables, error) < 0
      || guard_open (&net->guard, &net->loop, error) < 0 || wireguard_open (&net->wireguard, error) < 0)
    return -1;
  flow_limit_open (&net->flow_limit);
  return server_open (&net->server, &net->loop, options->socket, operations_execute, &net->operations, error);
}

static void
close_net (struct net *net)
{
  flow_limit_close (&net->flow_limit);
  wireguard_close (&net->wireguard);
  trash_close (&net->trash);
  guard_close (&net->guard);
  kept_tables_close (&net->tables);
  ports_close (&net->ports);
  sandboxes_close (&net->sandboxes);
  overlays_close (&net->overlays);
  ipsec_close (&net->ipsec);
  dns_tables_clear (&net->dns.tables);
  tss_close (&net->sandboxes.host_namespace);
  nft_close (&net->nft);
  netlink_close (&net->route);
  /* Its end tells that sockets and ports are free for a successor. */
  server_close (&net->server);
  loop_close_watch (&net->loop, &net->signals);
  loop_close (&net->loop);
  state_close (&net->state);
}

/* One line to whoever started us, if it wants to know. */
static int
report_ready (const struct tss_error *error)
{
  const char *variable = getenv (READY_VARIABLE);
  int fd = variable == NULL ? -1 : atoi (variable);
  if (fd <= 2)
    return 0;
  tss_autojson json_t *report
      = error == NULL ? json_pack ("{s:b}", "ready", 1) : json_pack ("{s:o}", "error", tss_error_to_json (error));
  struct buffer line = { 0 };
  tss_autofree char *text = memory_format_json (report);
  memory_append (&line, text, strlen (text));
  memory_append (&line, "\n", 1);
  int result = tss_write_all (fd, buffer_bytes (&line), buffer_length (&line));
  buffer_free (&line);
  tss_close (&fd);
  return result;
}

int
main (int argc, char **argv)
{
  static struct net net; /* large, because of the buffer for DNS answers */
  struct options options = { 0 };
  struct tss_error error = { 0 };
  if (parse_options (argc, argv, &options) < 0)
    {
      fprintf (stderr, "usage: tsstack-net --socket PATH --state DIRECTORY\n");
      return 2;
    }
  memory_prepare ();
  raise_descriptor_limit ();
  if (open_net (&net, &options, &error) < 0)
    {
      fprintf (stderr, "tsstack-net: %s\n", error.message);
      report_ready (&error);
      return 1;
    }
  /* Nobody would look for one that has not been heard of. */
  int result = report_ready (NULL) < 0 ? tss_error_set (&error, TSS_ERROR_IO, errno, "", "say that it is ready")
                                       : loop_run (&net.loop, &error);
  if (result < 0)
    fprintf (stderr, "tsstack-net: %s\n", error.message);
  close_net (&net);
  return result < 0 ? 1 : 0;
}

/* Times TCP connections of IPv4, each for one byte there and back.
 *
 *   connection-timer serve PORT                prints "ready" when it listens, and answers until it is ended
 *   connection-timer knock PORT COUNT HOST…    connects to each host COUNT times
 *
 * Hosts are asked in turns, every other round backwards, so that what else the machine does meets all of them; prints a
 * line for each round, with the nanoseconds of each host in their order. */
#include "../common/cleanup.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum
{
  HOSTS_MAX = 8,
  BACKLOG = 128,
};

static _Noreturn void
give_up (const char *what)
{
  fprintf (stderr, "connection-timer: %s: %s\n", what, strerror (errno));
  exit (1);
}

static uint64_t
now_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct sockaddr_in
address_of (const char *host, const char *port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons ((uint16_t)strtoul (port, NULL, 10)) };

  if (inet_pton (AF_INET, host, &address.sin_addr) != 1)
    give_up (host);
  return address;
}

static int
make_socket (void)
{
  int one = 1, fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0 || setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0)
    give_up ("socket");
  return fd;
}

static _Noreturn void
serve (const char *port)
{
  struct sockaddr_in address = address_of ("0.0.0.0", port);
  int listener = make_socket ();

  if (bind (listener, (struct sockaddr *)&address, sizeof address) < 0 || listen (listener, BACKLOG) < 0)
    give_up (port);
  puts ("ready");
  fflush (stdout);
  for (;;)
    {
      tss_autofd int peer = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
      char byte;

      /* Who goes away in between is measured nowhere. */
      if (peer >= 0 && TSS_RETRY (recv (peer, &byte, 1, 0)) == 1)
        (void)TSS_RETRY (send (peer, &byte, 1, MSG_NOSIGNAL));
    }
}

static uint64_t
knock (const struct sockaddr_in *address)
{
  /* Reset at the end: thousands of ports that wait for late packets would be looked at by each further connection. */
  struct linger reset = { .l_onoff = 1, .l_linger = 0 };
  uint64_t begin = now_ns ();
  int fd = make_socket ();
  char byte = '!';

  if (setsockopt (fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) < 0
      || connect (fd, (const struct sockaddr *)address, sizeof *address) < 0
      || TSS_RETRY (send (fd, &byte, 1, MSG_NOSIGNAL)) != 1 || TSS_RETRY (recv (fd, &byte, 1, 0)) != 1)
    give_up ("connection");
  close (fd);
  return now_ns () - begin;
}

static void
knock_in_turns (const struct sockaddr_in *hosts, int count, unsigned long rounds)
{
  for (unsigned long round = 0; round < rounds; round++)
    {
      uint64_t took[HOSTS_MAX];

      for (int i = 0; i < count; i++)
        {
          int host = round % 2 == 0 ? i : count - 1 - i;

          took[host] = knock (&hosts[host]);
        }
      for (int i = 0; i < count; i++)
        printf ("%llu%c", (unsigned long long)took[i], i + 1 == count ? '\n' : ' ');
    }
}

int
main (int argc, char **argv)
{
  struct sockaddr_in hosts[HOSTS_MAX];

  if (argc == 3 && strcmp (argv[1], "serve") == 0)
    serve (argv[2]);
  if (argc < 5 || argc > 4 + HOSTS_MAX || strcmp (argv[1], "knock") != 0)
    {
      fprintf (stderr, "usage: connection-timer serve PORT | knock PORT COUNT HOST…\n");
      return 2;
    }
  for (int i = 4; i < argc; i++)
    hosts[i - 4] = address_of (argv[i], argv[2]);
  knock_in_turns (hosts, argc - 4, strtoul (argv[3], NULL, 10));
  return 0;
}

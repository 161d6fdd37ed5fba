/* Which process uses a port: its socket's inode from /proc/net, then the process that has that inode open. */
#include "../common/cleanup.h"
#include "port-socket.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define STATE_TIME_WAIT 6

/* Eight hexadecimal digits for each 32-bit word, in the byte order of the machine. */
static bool
parse_address (const char *text, struct address *address)
{
  size_t words = strlen (text) / 8;
  *address = (struct address){ .family = words == 1 ? AF_INET : AF_INET6 };
  for (size_t i = 0; i < words && i < 4; i++)
    {
      uint32_t word;
      if (sscanf (text + i * 8, "%8x", &word) != 1)
        return false;
      memcpy (address->bytes + i * 4, &word, 4);
    }
  static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
  if (words == 4 && memcmp (address->bytes, mapped, sizeof mapped) == 0)
    {
      memmove (address->bytes, address->bytes + 12, 4);
      address->family = AF_INET;
    }
  return words == 1 || words == 4;
}

/* Inode of a socket at the port, or 0. */
static unsigned long
find_inode (const char *file, const struct address *address, uint16_t port)
{
  FILE *list = fopen (file, "re");
  char line[512];
  unsigned long result = 0;
  while (list != NULL && result == 0 && fgets (line, sizeof line, list) != NULL)
    {
      char text[33];
      unsigned local_port, state;
      unsigned long inode;
      struct address local;
      int count = sscanf (line, " %*u: %32[0-9A-F]:%x %*[0-9A-F]:%*x %x %*x:%*x %*x:%*x %*x %*u %*u %lu", text,
                          &local_port, &state, &inode);
      if (count == 4 && local_port == port && state != STATE_TIME_WAIT && parse_address (text, &local)
          && port_addresses_overlap (&local, address))
        result = inode;
    }
  if (list != NULL)
    fclose (list);
  return result;
}

static bool
has_open (const char *pid, unsigned long inode)
{
  char folder[300], wanted[64];
  snprintf (folder, sizeof folder, "/proc/%s/fd", pid);
  snprintf (wanted, sizeof wanted, "socket:[%lu]", inode);
  DIR *listing = opendir (folder);
  bool found = false;
  if (listing == NULL)
    return false;
  for (struct dirent *entry = readdir (listing); entry != NULL && !found; entry = readdir (listing))
    {
      char target[64] = "";
      ssize_t length = readlinkat (dirfd (listing), entry->d_name, target, sizeof target - 1);
      found = length > 0 && strcmp (target, wanted) == 0;
    }
  closedir (listing);
  return found;
}

static void
describe (const char *pid, char *text, size_t size)
{
  char file[300], name[64] = "a process";
  snprintf (file, sizeof file, "/proc/%s/comm", pid);
  FILE *comm = fopen (file, "re");
  if (comm != NULL)
    {
      if (fgets (name, sizeof name, comm) != NULL)
        name[strcspn (name, "\n")] = '\0';
      fclose (comm);
    }
  snprintf (text, size, "%s (pid %s)", name, pid);
}

bool
port_find_owner (int protocol, const struct address *address, uint16_t port, char *text, size_t size)
{
  if (protocol == IPPROTO_SCTP)
    return false;
  bool tcp = protocol == IPPROTO_TCP;
  unsigned long inode = find_inode (tcp ? "/proc/net/tcp" : "/proc/net/udp", address, port);
  if (inode == 0)
    inode = find_inode (tcp ? "/proc/net/tcp6" : "/proc/net/udp6", address, port);
  if (inode == 0)
    return false;
  snprintf (text, size, "another program");
  DIR *processes = opendir ("/proc");
  if (processes == NULL)
    return true;
  for (struct dirent *entry = readdir (processes); entry != NULL; entry = readdir (processes))
    if (isdigit ((unsigned char)entry->d_name[0]) && has_open (entry->d_name, inode))
      {
        describe (entry->d_name, text, size);
        break;
      }
  closedir (processes);
  return true;
}

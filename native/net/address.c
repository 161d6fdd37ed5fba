#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t
address_size (const struct address *address)
{
  return address->family == AF_INET ? 4 : 16;
}

bool
address_parse (const char *text, struct address *address)
{
  char host[ADDRESS_TEXT_SIZE];
  const char *slash = strchr (text, '/');
  size_t length = slash == NULL ? strlen (text) : (size_t)(slash - text);
  if (length >= sizeof host)
    return false;
  memcpy (host, text, length);
  host[length] = '\0';

  *address = (struct address){ .family = strchr (host, ':') == NULL ? AF_INET : AF_INET6 };
  if (inet_pton (address->family, host, address->bytes) != 1)
    return false;
  unsigned long most = address_size (address) * 8;
  address->prefix = (uint8_t)most;
  if (slash == NULL)
    return true;
  char *end;
  unsigned long prefix = strtoul (slash + 1, &end, 10);
  if (slash[1] < '0' || slash[1] > '9' || *end != '\0' || prefix > most)
    return false;
  address->prefix = (uint8_t)prefix;
  return true;
}

void
address_format (const struct address *address, char text[ADDRESS_TEXT_SIZE])
{
  inet_ntop (address->family, address->bytes, text, ADDRESS_TEXT_SIZE);
}

bool
address_equal (const struct address *a, const struct address *b)
{
  return a->family == b->family && memcmp (a->bytes, b->bytes, address_size (a)) == 0;
}

socklen_t
address_to_socket (const struct address *address, uint16_t port, struct sockaddr_storage *result)
{
  memset (result, 0, sizeof *result);
  result->ss_family = (sa_family_t)address->family;
  if (address->family == AF_INET)
    {
      struct sockaddr_in *v4 = (struct sockaddr_in *)result;
      v4->sin_port = htons (port);
      memcpy (&v4->sin_addr, address->bytes, 4);
      return sizeof *v4;
    }
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)result;
  v6->sin6_port = htons (port);
  memcpy (&v6->sin6_addr, address->bytes, 16);
  return sizeof *v6;
}

bool
address_parse_mac (const char *text, uint8_t mac[6])
{
  int used = 0;
  int count = sscanf (text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4],
                      &mac[5], &used);
  return count == 6 && text[used] == '\0';
}

/* IP addresses of either family, as the requests write them. */
#ifndef TSSTACK_NET_ADDRESS_H
#define TSSTACK_NET_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define ADDRESS_TEXT_SIZE 46

struct address
{
  int family; /* AF_INET or AF_INET6 */
  uint8_t bytes[16];
  uint8_t prefix; /* bits; all of them without a slash */
};

/* "172.30.0.1" or "172.30.0.1/24"; false if it is neither. */
bool address_parse (const char *text, struct address *address);

/* Without the prefix, in canonical form. */
void address_format (const struct address *address, char text[ADDRESS_TEXT_SIZE]);
size_t address_size (const struct address *address);

/* The same address; prefixes do not count. */
bool address_equal (const struct address *a, const struct address *b);

/* Fills a socket address and returns its length. */
socklen_t address_to_socket (const struct address *address, uint16_t port, struct sockaddr_storage *result);

/* "02:42:ac:1e:00:05" */
bool address_parse_mac (const char *text, uint8_t mac[6]);

#endif

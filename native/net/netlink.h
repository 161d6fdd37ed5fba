/* Netlink requests: a small builder, batches sent in one system call, and dumps. */
#ifndef TSSTACK_NET_NETLINK_H
#define TSSTACK_NET_NETLINK_H

#include "../common/error.h"

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NETLINK_BATCH_BYTES 8192
#define NETLINK_BATCH_REQUESTS 64

/* Stays in the network namespace that it was opened in, wherever its user goes afterwards. */
struct netlink
{
  int fd;
  uint32_t sequence;
};

int netlink_open (struct netlink *netlink, int protocol, struct tss_error *error);
void netlink_close (struct netlink *netlink);

/* Requests that are sent together; each is executed even if an earlier one has failed. */
struct netlink_batch
{
  size_t length;
  unsigned count;
  struct
  {
    char what[96]; /* verb phrase for errors */
    int tolerated; /* errno that counts as success, or 0 */
  } requests[NETLINK_BATCH_REQUESTS];
  struct nlmsghdr *open;
  _Alignas(NLMSG_ALIGNTO) char data[NETLINK_BATCH_BYTES];
};

/* Does not clear the bytes of the data. */
void netlink_batch_init (struct netlink_batch *batch);

/* Starts a request with a header of HEADER_SIZE bytes (zeroed), which is returned for filling. FLAGS beside
 * NLM_F_REQUEST and NLM_F_ACK. */
void *netlink_begin (struct netlink_batch *batch, uint16_t type, uint16_t flags, size_t header_size, int tolerated,
                     const char *what, ...) __attribute__ ((format (printf, 6, 7)));

void netlink_put (struct netlink_batch *batch, uint16_t type, const void *data, size_t size);
void netlink_put_string (struct netlink_batch *batch, uint16_t type, const char *text);
void netlink_put_u32 (struct netlink_batch *batch, uint16_t type, uint32_t value);
void netlink_put_u8 (struct netlink_batch *batch, uint16_t type, uint8_t value);

/* Nested attribute: returns what netlink_end_nest wants. */
size_t netlink_begin_nest (struct netlink_batch *batch, uint16_t type);
void netlink_end_nest (struct netlink_batch *batch, size_t nest);

/* Raw bytes inside an attribute, such as the ifinfomsg of a veth peer. */
void *netlink_put_raw (struct netlink_batch *batch, size_t size);

/* Sends everything and reads every answer. Reports the first failure that is not tolerated. */
int netlink_send (struct netlink *netlink, struct netlink_batch *batch, struct tss_error *error);

/* Sends everything and begins anew when there are LIMIT requests or more; what was in the batch is wiped. */
int netlink_flush (struct netlink *netlink, struct netlink_batch *batch, unsigned limit, struct tss_error *error);

/* Sends the one request in BATCH and calls FUNCTION for each message of the answer. FUNCTION may not use NETLINK. */
int netlink_dump (struct netlink *netlink, struct netlink_batch *batch,
                  void (*function) (const struct nlmsghdr *message, void *context), void *context,
                  struct tss_error *error);

/* Part of a message that has been received. */
struct netlink_bytes
{
  const char *data; /* NULL: nothing */
  size_t size;
};

/* What is behind a header of HEADER_SIZE bytes. */
struct netlink_bytes netlink_attributes (const struct nlmsghdr *message, size_t header_size);

/* Takes the first attribute off the front of REST; false at the end, or where what follows is none. */
bool netlink_next (struct netlink_bytes *rest, uint16_t *type, struct netlink_bytes *content);

/* The content of the first one of that type, if it has LEAST bytes or more. */
struct netlink_bytes netlink_find (struct netlink_bytes attributes, uint16_t type, size_t least);

#endif

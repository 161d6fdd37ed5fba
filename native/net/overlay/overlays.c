#include "overlays.h"
#include "../../common/cleanup.h"
#include "../fields.h"
#include "../memory.h"
#include "device.h"
#include "guest.h"
#include "peers.h"

#include <net/if.h>
#include <string.h>

#define STATE_KIND "overlays"

struct overlay
{
  json_t *spec; /* the request that made it */
  /* What it was made on; 0 when a predecessor made it. Where another bridge has taken the place of one that somebody
   * has deleted, nothing of what we did is left. */
  struct overlay_links links;
};

struct wish
{
  bool encrypted;  /* nothing of it may go in clear */
  bool has_tunnel; /* without one the network is on this host alone, and only its sandboxes have something of it */
  struct overlay_device device;
  const char *bridge;
  const json_t *peers, *own; /* OWN: addresses of this host on the network */
};

#define MOST_OWN 16

static void
free_overlay (void *value)
{
  struct overlay *overlay = value;
  if (overlay == NULL)
    return;
  json_decref (overlay->spec);
  free (overlay);
}

static int
check_own (const json_t *own, struct tss_error *error)
{
  struct address address;
  if (json_array_size (own) > MOST_OWN)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "own", "field own: at most %d", MOST_OWN);
  for (size_t i = 0; i < json_array_size (own); i++)
    if (field_address_at (own, i, "own", &address, error) < 0)
      return -1;
  return 0;
}

static int
parse (const json_t *request, struct wish *wish, struct tss_error *error)
{
  struct overlay_device *device = &wish->device;
  json_int_t vni, port, mtu;
  *wish = (struct wish){ .device.isolated = field_boolean (request, "isolated"),
                         .encrypted = field_boolean (request, "encrypted") };
  if (field_id (request, "network", &device->network, error) < 0 || overlay_guest_check (request, error) < 0)
    return -1;
  wish->has_tunnel = field_present (request, "vni");
  if (!wish->has_tunnel)
    return 0;
  if (field_id (request, "owner", &device->owner, error) < 0
      || field_interface (request, "bridge", &wish->bridge, error) < 0
      || field_integer (request, "vni", 1, (1 << 24) - 1, &vni, error) < 0
      || field_integer (request, "port", 1, 65535, &port, error) < 0
      || field_integer (request, "mtu", 68, 65535, &mtu, error) < 0
      || field_address (request, "local", &device->local, error) < 0
      || field_object (request, "peers", &wish->peers, error) < 0 || overlay_peers_check (wish->peers, error) < 0
      || field_array (request, "own", &wish->own, error) < 0 || check_own (wish->own, error) < 0)
    return -1;
  device->vni = (unsigned)vni;
  device->port = (unsigned)port;
  device->mtu = (unsigned)mtu;
  return 0;
}

/* Can a device that was made for the one spec serve for the other? */
static bool
is_same_tunnel (const json_t *a, const json_t *b)
{
  static const char *const fields[] = { "vni", "port", "local" };
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
    if (!json_equal (json_object_get (a, fields[i]), json_object_get (b, fields[i])))
      return false;
  return true;
}

/* The bridge carries no larger frames than the tunnel. */
static int
ensure_links (struct overlays *overlays, const struct overlay *former, const struct wish *wish, const json_t *request,
              struct overlay_links *links, bool *made, struct tss_error *error)
{
  struct link_info bridge;
  bool found;
  if (link_find (overlays->route, wish->bridge, &bridge, &found, error) < 0)
    return -1;
  if (!found)
    return tss_error_set (error, TSS_ERROR_NOT_FOUND, 0, wish->bridge, "connect network: no bridge %s", wish->bridge);
  links->bridge = bridge.index;
  bool keep = former != NULL && is_same_tunnel (former->spec, request);
  if (overlay_device_ensure (overlays->route, &wish->device, bridge.index, keep, &links->tunnel, made, error) < 0)
    return -1;
  struct netlink_batch batch;
  netlink_batch_init (&batch);
  link_set_mtu (&batch, wish->bridge, wish->device.mtu);
  return netlink_send (overlays->route, &batch, error);
}

static int
write_peers (struct overlays *overlays, const struct overlay *former, const struct overlay_links *links, bool made,
             const json_t *peers, struct tss_error *error)
{
  bool known
      = former != NULL && !made && former->links.bridge == links->bridge && former->links.tunnel == links->tunnel;
  const json_t *before = known ? json_object_get (former->spec, "peers") : NULL;
  if (!known && overlay_peers_sweep (overlays->route, links, peers, error) < 0)
    return -1;
  return overlay_peers_change (overlays->route, links, before, peers, error);
}

static bool
contains (const json_t *list, const json_t *value)
{
  for (size_t i = 0; i < json_array_size (list); i++)
    if (json_equal (json_array_get (list, i), (json_t *)value))
      return true;
  return false;
}

/* An address that this host has no more can be somebody else's by now. */
static int
change_own (struct overlays *overlays, unsigned bridge, const char *name, const json_t *before, const json_t *after,
            struct tss_error *error)
{
  struct netlink_batch batch;
  struct address address;
  netlink_batch_init (&batch);
  for (size_t i = 0; i < json_array_size (before); i++)
    if (!contains (after, json_array_get (before, i))
        && address_parse (json_string_value (json_array_get (before, i)), &address))
      link_delete_address (&batch, bridge, &address);
  for (size_t i = 0; i < json_array_size (after); i++)
    if (address_parse (json_string_value (json_array_get (after, i)), &address))
      link_add_address (&batch, bridge, name, &address);
  return netlink_send (overlays->route, &batch, error);
}

static int
make_tunnel (struct overlays *overlays, const struct overlay *former, const struct wish *wish, const json_t *request,
             struct overlay_links *links, struct tss_error *error)
{
  bool made;
  const json_t *own = former == NULL ? NULL : json_object_get (former->spec, "own");
  if (wish->encrypted
      && ipsec_check (overlays->ipsec, wish->device.owner, &wish->device.local, wish->device.port, error) < 0)
    return -1;
  if (ensure_links (overlays, former, wish, request, links, &made, error) < 0
      || change_own (overlays, links->bridge, wish->bridge, own, wish->own, error) < 0)
    return -1;
  return write_peers (overlays, former, links, made, wish->peers, error);
}

/* The entries of the tunnel go with it, those of the bridge by hand. */
static int
delete_tunnel (struct overlays *overlays, const json_t *spec, struct tss_error *error)
{
  struct wish wish;
  char name[LINK_NAME_SIZE];
  if (parse (spec, &wish, error) < 0)
    return -1;
  if (!wish.has_tunnel)
    return 0;
  overlay_device_name (wish.device.vni, name);
  struct overlay_links links = { .tunnel = if_nametoindex (name), .bridge = if_nametoindex (wish.bridge) };
  if (links.bridge != 0 && change_own (overlays, links.bridge, wish.bridge, wish.own, NULL, error) < 0)
    return -1;
  if (links.tunnel != 0 && links.bridge != 0
      && overlay_peers_change (overlays->route, &links, wish.peers, NULL, error) < 0)
    return -1;
  return link_delete_all (overlays->route, (const char *const[]){ name }, 1, error);
}

int
overlays_set (struct overlays *overlays, const json_t *request, struct tss_error *error)
{
  struct wish wish;
  struct overlay_links links = { 0 };
  if (parse (request, &wish, error) < 0)
    return -1;
  const char *network = wish.device.network;
  const struct overlay *former = map_get (&overlays->by_network, network);
  if (wish.has_tunnel && make_tunnel (overlays, former, &wish, request, &links, error) < 0)
    return -1;
  if (!wish.has_tunnel && former != NULL && delete_tunnel (overlays, former->spec, error) < 0)
    return -1;
  struct overlay *overlay = memory_allocate (sizeof *overlay);
  overlay->spec = json_copy ((json_t *)request);
  overlay->links = links;
  json_object_del (overlay->spec, "seq");
  int result = state_write (overlays->state, STATE_KIND, network, overlay->spec, error);
  free_overlay (map_set (&overlays->by_network, network, overlay));
  return result;
}

int
overlays_remove (struct overlays *overlays, const char *network, struct tss_error *error)
{
  struct overlay *overlay = map_get (&overlays->by_network, network);
  if (overlay == NULL)
    return 0;
  if (delete_tunnel (overlays, overlay->spec, error) < 0)
    return -1;
  if (state_remove (overlays->state, STATE_KIND, network, error) < 0)
    return -1;
  map_remove (&overlays->by_network, network);
  free_overlay (overlay);
  return 0;
}

const json_t *
overlays_get (const struct overlays *overlays, const char *network)
{
  const struct overlay *overlay = map_get (&overlays->by_network, network);
  return overlay == NULL ? NULL : overlay->spec;
}

static void
note_encrypted (const char *network, void *value, void *context)
{
  const struct overlay *overlay = value;
  (void)network;
  if (field_present (overlay->spec, "vni") && field_boolean (overlay->spec, "encrypted"))
    *(bool *)context = true;
}

bool
overlays_any_encrypted (const struct overlays *overlays)
{
  bool any = false;
  map_each ((struct map *)&overlays->by_network, note_encrypted, &any);
  return any;
}

static void
restore (const char *id, json_t *value, void *context)
{
  struct overlays *overlays = context;
  struct wish wish;
  if (parse (value, &wish, NULL) < 0 || strcmp (wish.device.network, id) != 0)
    {
      state_remove (overlays->state, STATE_KIND, id, NULL);
      return;
    }
  struct overlay *overlay = memory_allocate (sizeof *overlay);
  overlay->spec = json_incref (value);
  free_overlay (map_set (&overlays->by_network, id, overlay));
}

int
overlays_restore (struct overlays *overlays, struct tss_error *error)
{
  return state_each (overlays->state, STATE_KIND, restore, overlays, error);
}

void
overlays_close (struct overlays *overlays)
{
  map_clear (&overlays->by_network, free_overlay);
}

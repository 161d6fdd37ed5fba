#include "operations.h"
#include "conntrack.h"
#include "fields.h"
#include "network.h"
#include "wireguard/kernel.h"

#include <string.h>
#include <unistd.h>

#define NAMES_KIND "names"

static int
ensure_network (struct operations *operations, const json_t *request, json_t *reply, struct tss_error *error)
{
  struct network_spec spec;
  (void)reply;
  if (network_parse (request, &spec, error) < 0)
    return -1;
  trash_settle (operations->trash); /* a bridge of the same name may be on its way out */
  trash_keep (operations->trash, spec.bridge);
  return network_ensure (operations->route, &spec, error);
}

static int
remove_network (struct operations *operations, const json_t *request, json_t *reply, struct tss_error *error)
{
  const char *id, *bridge;
  (void)reply;
  if (field_id (request, "id", &id, error) < 0 || field_interface (request, "bridge", &bridge, error) < 0)
    return -1;
  if (overlays_remove (operations->overlays, id, error) < 0
      || state_remove (operations->state, NAMES_KIND, id, error) < 0)
    return -1;
  trash_link (operations->trash, bridge);
  dns_tables_remove (&operations->dns->tables, id);
  return 0;
}

static int
list_networks (struct operations *operations, const json_t *request, json_t *reply, struct tss_error *error)
{
  const char *owner;
  if (field_id (request, "owner", &owner, error) < 0)
    return -1;
  trash_settle (operations->trash); /* what is on its way out is no network any more */
  json_t *networks = networks_list (operations->route, owner, error);
  if (networks == NULL)
    return -1;
  json_object_set_new (reply, "networks", networks);
  return 0;
}

static int
ensure_sandbox (struct operations *operations, const json_t *request, json_t *reply, struct tss_error *error)
{
  (void)reply;
  return sandbox_ensure (operations->sandboxes, request, error);
}

static int
remove_sandbox (struct operations *operations, const json_t *request, json_t *reply, struct tss_error *error)
{
  (void)reply;
  return sandbox_remove (operations->sandboxes, request, error);
}

static int
refresh_sandbox (struct operations *operations, const json_t *request, json_t *reply, struct tss_error *error)
{
  (void)reply;
  return sandbox_refresh (operations->sandboxes, request, error);
}

static int
set_overlay (struct operations *operations, const json_t *request, json_t *reply, struct tss_error *error)
{
  (void)reply;
  return overlays_set (operations->overlays, request, error);
}

static int
remove_overlay (struct operations *operations, const json_t *request, json_t *reply, struct tss_error *error)
{
  const char *network;
  (void)reply;
  return field_id (request, "network", &network, error) < 0 ? -1
                                                            : overlays_remove (operations->overlays, network, error);
}

static int
set_ipsec (struct operations *operations, const json_t *request, json_t *reply, struct tss_error *error)
{
  (void)reply;
  if (!field_present (request, "local") && overlays_any_encrypted (operations->overlays))
    return tss_error_set (error, TSS_ERROR_STATE, 0, "local", "stop encrypting: there are networks that rely on it");
  const char *owner = json_string_value (json_object_get (request, "owner"));
  if (!field_present (request, "local") && owner != NULL && wireguard_remove (operations->wireguard, owner, error) < 0)
    return -1;
  return ipsec_set (operations->ipsec, request, error);
}

static int
set_wireguard (struct operations *operations, const json_t *request, json_t *reply, struct tss_error *error)
{
  json_t *silent;
  if (wireguard_set (operations->wireguard, request, &silent, error) < 0)
    return -1;
  json_object_set_new (reply, "silent", silent);
  return 0;
}

static int
probe_wireguard (struct operations *operations, const json_t *request, json_t *reply, struct tss_error *error)
{
  char reason[128];
  (void)operations;
  (void)request;
  if (wireguard_probe (reason, error) < 0)
    return -1;
  json_object_set_new (reply, "available", json_boolean (*reason == '\0'));
  if (*reason != '\0')
    json_object_set_new (reply, "reason", json_string (reason));
  return 0;
}

static int
list_sandboxes (struct operations *operations, const json_t *request, json_t *reply, struct tss_error *error)
{
  (void)request;
  (void)error;
  json_object_set_new (reply, "sandboxes", sandboxes_list (operations->sandboxes));
  return 0;
}

static int
apply_names (struct operations *operations, const json_t *request, struct tss_error *error)
{
  const char *network;
  const json_t *names, *reverse;
  if (field_id (request, "network", &network, error) < 0 || field_object (request, "names", &names, error) < 0
      || field_object (request, "reverse", &reverse, error) < 0)
    return -1;
  return dns_tables_set (&operations->dns->tables, network, names, reverse, error);
}

static int
set_names (struct operations *operations, const json_t *request, json_t *reply, struct tss_error *error)
{
  (void)reply;
  if (apply_names (operations, request, error) < 0)
    return -1;
  const char *network = json_string_value (json_object_get (request, "network"));
  return state_write (operations->state, NAMES_KIND, network, request, error);
}

static int
remove_names (struct operations *operations, const json_t *request, json_t *reply, struct tss_error *error)
{
  const char *network;
  (void)reply;
  if (field_id (request, "network", &network, error) < 0)
    return -1;
  dns_tables_remove (&operations->dns->tables, network);
  return state_remove (operations->state, NAMES_KIND, network, error);
}

static int
run_nft (struct operations *operations, const json_t *request, json_t *reply, struct tss_error *error)
{
  const char *script;
  const json_t *keep;
  (void)reply;
  if (field_string (request, "script", &script, error) < 0 || field_object (request, "keep", &keep, error) < 0)
    return -1;
  /* First what shall be, then what is done about it: a crash between them is repaired by the successor. */
  if (keep != NULL && kept_tables_set (operations->tables, keep, error) < 0)
    return -1;
  return nft_run (operations->nft, script, error);
}

static int
set_guard (struct operations *operations, const json_t *request, json_t *reply, struct tss_error *error)
{
  json_t *warnings;
  if (guard_set (operations->guard, request, &warnings, error) < 0)
    return -1;
  json_object_set_new (reply, "warnings", warnings);
  return 0;
}

static int
reserve_ports (struct operations *operations, const json_t *request, json_t *reply, struct tss_error *error)
{
  json_t *result = NULL;
  int status = ports_reserve (operations->ports, request, &result, error);
  if (status == 0)
    json_object_set (reply, "ports", result);
  json_decref (result);
  return status;
}

static int
release_ports (struct operations *operations, const json_t *request, json_t *reply, struct tss_error *error)
{
  (void)reply;
  return ports_release (operations->ports, request, error);
}

static int
list_ports (struct operations *operations, const json_t *request, json_t *reply, struct tss_error *error)
{
  (void)request;
  (void)error;
  json_object_set_new (reply, "ids", ports_list (operations->ports));
  return 0;
}

static int
forget_flows (struct operations *operations, const json_t *request, json_t *reply, struct tss_error *error)
{
  (void)operations;
  (void)reply;
  return conntrack_forget (request, error);
}

static int
ping (struct operations *operations, const json_t *request, json_t *reply, struct tss_error *error)
{
  (void)operations;
  (void)request;
  (void)error;
  json_object_set_new (reply, "pid", json_integer (getpid ()));
  return 0;
}

/* Sandboxes stay, and with them the rules that let their traffic through; without any there is nothing to leave behind.
 */
static int
shut_down (struct operations *operations, const json_t *request, json_t *reply, struct tss_error *error)
{
  (void)request;
  (void)reply;
  (void)error;
  if (operations->sandboxes->by_id.count == 0)
    guard_withdraw (operations->guard);
  loop_stop (operations->loop);
  return 0;
}

static const struct
{
  const char *name;
  int (*function) (struct operations *operations, const json_t *request, json_t *reply, struct tss_error *error);
} table[] = {
  { "network.ensure", ensure_network },
  { "network.remove", remove_network },
  { "network.list", list_networks },
  { "sandbox.ensure", ensure_sandbox },
  { "sandbox.remove", remove_sandbox },
  { "sandbox.list", list_sandboxes },
  { "sandbox.refresh", refresh_sandbox },
  { "overlay.set", set_overlay },
  { "overlay.remove", remove_overlay },
  { "ipsec.set", set_ipsec },
  { "wireguard.set", set_wireguard },
  { "wireguard.probe", probe_wireguard },
  { "dns.set", set_names },
  { "dns.remove", remove_names },
  { "nft", run_nft },
  { "guard", set_guard },
  { "ports.reserve", reserve_ports },
  { "ports.release", release_ports },
  { "ports.list", list_ports },
  { "conntrack.forget", forget_flows },
  { "ping", ping },
  { "shutdown", shut_down },
};

json_t *
operations_execute (void *context, const json_t *request, struct tss_error *error)
{
  const char *name;
  if (field_string (request, "op", &name, error) < 0)
    return NULL;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
    if (strcmp (name, table[i].name) == 0)
      {
        json_t *reply = json_object ();
        if (table[i].function (context, request, reply, error) == 0)
          return reply;
        json_decref (reply);
        return NULL;
      }
  tss_error_set (error, TSS_ERROR_INVALID, 0, "op", "unknown operation %s", name);
  return NULL;
}

static void
restore_names (const char *id, json_t *value, void *context)
{
  struct operations *operations = context;
  if (apply_names (operations, value, NULL) < 0)
    state_remove (operations->state, NAMES_KIND, id, NULL);
}

int
operations_restore_names (struct operations *operations, struct tss_error *error)
{
  return state_each (operations->state, NAMES_KIND, restore_names, operations, error);
}

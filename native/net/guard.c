#include "guard.h"
#include "../common/cleanup.h"
#include "fields.h"
#include "guard-legacy.h"
#include "guard-rules.h"

#include <stdio.h>
#include <string.h>

#define STATE_KIND "guard"

/* Nobody waits for an answer, and names have to go on resolving: failures go to the log. */
static void
on_foreign_change (void *context)
{
  struct guard *guard = context;
  struct tss_error error = { 0 };
  if (guard_rules_apply (guard->nft, guard->bridges, NULL, &error) < 0)
    fprintf (stderr, "tsstack-net: keep forwarding allowed: %s\n", error.message);
  if (kept_tables_restore (guard->tables, &error) < 0)
    fprintf (stderr, "tsstack-net: restore rules: %s\n", error.message);
}

/* Subscribes before it looks, so that no change falls between. */
static int
apply (struct guard *guard, const json_t *former, struct tss_error *error)
{
  if (json_array_size (guard->bridges) == 0)
    nft_watch_stop (&guard->watch);
  else if (nft_watch_start (&guard->watch, error) < 0)
    return -1;
  return guard_rules_apply (guard->nft, guard->bridges, former, error);
}

static void
read_former (const char *id, json_t *value, void *context)
{
  struct guard *guard = context;
  const json_t *bridges = json_object_get (value, "bridges");
  (void)id;
  if (json_is_array (bridges))
    {
      json_decref (guard->bridges);
      guard->bridges = json_copy ((json_t *)bridges);
    }
}

int
guard_open (struct guard *guard, struct loop *loop, struct tss_error *error)
{
  guard->bridges = json_array ();
  nft_watch_open (&guard->watch, loop, on_foreign_change, guard);
  if (state_each (guard->state, STATE_KIND, read_former, guard, error) < 0)
    return -1;
  if (json_array_size (guard->bridges) > 0 && nft_watch_start (&guard->watch, error) < 0)
    return -1;
  on_foreign_change (guard);
  return 0;
}

void
guard_close (struct guard *guard)
{
  nft_watch_close (&guard->watch);
  json_decref (guard->bridges);
}

static int
check_bridges (const json_t *bridges, struct tss_error *error)
{
  size_t index;
  json_t *bridge;
  json_array_foreach ((json_t *)bridges, index, bridge)
  {
    tss_autojson json_t *holder = json_pack ("{s:O}", "bridges", bridge);
    const char *name;
    if (field_interface (holder, "bridges", &name, error) < 0)
      return -1;
    if (strpbrk (name, "\"\\*") != NULL)
      return tss_error_set (error, TSS_ERROR_INVALID, 0, "bridges", "field bridges: %s is no name of a bridge", name);
  }
  return 0;
}

static void
exchange (struct guard *guard, json_t **bridges)
{
  json_t *former = guard->bridges;
  guard->bridges = *bridges;
  *bridges = former;
}

int
guard_set (struct guard *guard, const json_t *request, json_t **warnings, struct tss_error *error)
{
  const json_t *bridges;
  if (field_array (request, "bridges", &bridges, error) < 0 || check_bridges (bridges, error) < 0)
    return -1;
  tss_autojson json_t *other = bridges == NULL ? json_array () : json_copy ((json_t *)bridges);
  tss_autojson json_t *spec = json_pack ("{s:O}", "bridges", other);
  if (state_write (guard->state, STATE_KIND, "set", spec, error) < 0)
    return -1;
  exchange (guard, &other);
  if (apply (guard, other, error) < 0)
    {
      /* The next request has to know whose rules may still be there. */
      exchange (guard, &other);
      return -1;
    }
  *warnings = json_array ();
  if (json_array_size (bridges) > 0 && guard_legacy_drops ())
    json_array_append_new (*warnings,
                           json_string ("the FORWARD policy of iptables-legacy is DROP: allow the bridges there, "
                                        "or move its rules to iptables-nft"));
  return 0;
}

void
guard_withdraw (struct guard *guard)
{
  tss_autojson json_t *none = json_array ();
  guard_rules_apply (guard->nft, none, guard->bridges, NULL);
}

#include "kept-tables.h"
#include "../common/cleanup.h"
#include "fields.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define STATE_KIND "tables"

/* The name without the family is the name of the file. */
static int
check_table (const json_t *keep, const char **table, const char **name, struct tss_error *error)
{
  if (field_string (keep, "table", table, error) < 0)
    return -1;
  const char *blank = strchr (*table, ' ');
  tss_autojson json_t *holder = json_pack ("{s:s}", "table", blank == NULL ? "" : blank + 1);
  const char *id;
  if (field_id (holder, "table", &id, error) < 0)
    return -1;
  *name = blank + 1;
  return 0;
}

int
kept_tables_set (struct kept_tables *kept, const json_t *keep, struct tss_error *error)
{
  const char *table, *name;
  if (check_table (keep, &table, &name, error) < 0)
    return -1;
  if (!field_present (keep, "script"))
    {
      if (state_remove (kept->state, STATE_KIND, name, error) < 0)
        return -1;
      json_object_del (kept->tables, table);
      return 0;
    }
  const char *script;
  if (field_string (keep, "script", &script, error) < 0)
    return -1;
  if (state_write (kept->state, STATE_KIND, name, keep, error) < 0)
    return -1;
  json_object_set (kept->tables, table, (json_t *)keep);
  return 0;
}

static bool
is_listed (const json_t *entries, const char *table)
{
  size_t index;
  json_t *entry;
  json_array_foreach ((json_t *)entries, index, entry)
  {
    const char *family = NULL, *name = NULL;
    char text[300];
    if (json_unpack (entry, "{s:{s:s,s:s}}", "table", "family", &family, "name", &name) != 0)
      continue;
    snprintf (text, sizeof text, "%s %s", family, name);
    if (strcmp (text, table) == 0)
      return true;
  }
  return false;
}

int
kept_tables_restore (struct kept_tables *kept, struct tss_error *error)
{
  tss_autojson json_t *entries = NULL;
  const char *table;
  json_t *keep;
  int result = 0;
  if (json_object_size (kept->tables) == 0)
    return 0;
  if (nft_list (kept->nft, "list tables", &entries, error) < 0)
    return -1;
  json_object_foreach (kept->tables, table, keep)
  {
    const char *script = json_string_value (json_object_get (keep, "script"));
    if (!is_listed (entries, table) && nft_run (kept->nft, script, error) < 0)
      result = -1;
  }
  return result;
}

static void
read_former (const char *id, json_t *value, void *context)
{
  struct kept_tables *kept = context;
  const char *table, *name;
  (void)id;
  if (check_table (value, &table, &name, NULL) == 0 && field_present (value, "script"))
    json_object_set (kept->tables, table, value);
}

int
kept_tables_open (struct kept_tables *kept, struct tss_error *error)
{
  kept->tables = json_object ();
  return state_each (kept->state, STATE_KIND, read_former, kept, error);
}

void
kept_tables_close (struct kept_tables *kept)
{
  json_decref (kept->tables);
}

#include "guard-rules.h"
#include "buffer.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Our rules carry "tsstack <bridge> in" or "tsstack <bridge> out" as comment. */
#define MARK "tsstack"
#define OWN_TABLES "tsstack-"
#define COMMENT_SIZE 64

struct chain
{
  const char *family, *table, *name;
};

static const char *
text_of (const json_t *object, const char *key)
{
  const char *text = json_string_value (json_object_get (object, key));
  return text == NULL ? "" : text;
}

static __attribute__ ((format (printf, 2, 3))) void
append (struct buffer *script, const char *format, ...)
{
  char line[512];
  va_list arguments;
  va_start (arguments, format);
  int length = vsnprintf (line, sizeof line, format, arguments);
  va_end (arguments);
  if (length > 0 && (size_t)length < sizeof line)
    buffer_append (script, line, (size_t)length);
}

static bool
has_chain (const json_t *chains, const char *family, const char *table, const char *name)
{
  size_t index;
  json_t *entry;
  json_array_foreach ((json_t *)chains, index, entry)
  {
    const json_t *chain = json_object_get (entry, "chain");
    if (strcmp (text_of (chain, "family"), family) == 0 && strcmp (text_of (chain, "table"), table) == 0
        && strcmp (text_of (chain, "name"), name) == 0)
      return true;
  }
  return false;
}

/* Docker and ufw drop by the policy of their forward chain; firewalld's accepts and rejects in its last rule. */
static bool
is_hostile (const json_t *chain)
{
  const char *family = text_of (chain, "family"), *table = text_of (chain, "table");
  if (strcmp (family, "ip") != 0 && strcmp (family, "ip6") != 0 && strcmp (family, "inet") != 0)
    return false;
  if (strcmp (text_of (chain, "hook"), "forward") != 0 || strcmp (text_of (chain, "type"), "filter") != 0
      || strncmp (table, OWN_TABLES, strlen (OWN_TABLES)) == 0)
    return false;
  return strcmp (text_of (chain, "policy"), "drop") == 0 || strcmp (table, "firewalld") == 0;
}

/* DOCKER-USER comes first in Docker's forward chain and is the place that Docker leaves to others. */
static struct chain
place_for (const json_t *chains, const json_t *hostile)
{
  struct chain place = { text_of (hostile, "family"), text_of (hostile, "table"), text_of (hostile, "name") };
  if (strcmp (place.table, "filter") == 0 && has_chain (chains, place.family, place.table, "DOCKER-USER"))
    place.name = "DOCKER-USER";
  return place;
}

static void
comment_for (const char *bridge, const char *direction, char comment[COMMENT_SIZE])
{
  snprintf (comment, COMMENT_SIZE, MARK " %s %s", bridge, direction);
}

static bool
contains (const json_t *names, const char *name)
{
  size_t index;
  json_t *entry;
  json_array_foreach ((json_t *)names, index, entry)
  {
    if (strcmp (json_string_value (entry), name) == 0)
      return true;
  }
  return false;
}

/* The bridge of one of our comments, with the direction cut off; false for the comments of others. */
static bool
parse_comment (const char *comment, char bridge[COMMENT_SIZE])
{
  const char *start = comment + strlen (MARK) + 1;
  if (strncmp (comment, MARK " ", strlen (MARK) + 1) != 0)
    return false;
  const char *end = strchr (start, ' ');
  if (end == NULL || end - start >= COMMENT_SIZE)
    return false;
  memcpy (bridge, start, (size_t)(end - start));
  bridge[end - start] = '\0';
  return true;
}

/* What a chain holds of ours, in the order of its rules. */
struct held
{
  json_t *comments; /* object: comment -> handle */
  bool is_first;    /* no foreign rule comes before the last of ours */
};

static int
read_chain (struct nft *nft, const struct chain *chain, struct held *held, struct tss_error *error)
{
  char command[512];
  json_t *entries;
  size_t index;
  json_t *entry;
  bool foreign_seen = false;
  snprintf (command, sizeof command, "list chain %s %s %s", chain->family, chain->table, chain->name);
  if (nft_list (nft, command, &entries, error) < 0)
    return -1;
  *held = (struct held){ .comments = json_object (), .is_first = true };
  json_array_foreach (entries, index, entry)
  {
    const json_t *rule = json_object_get (entry, "rule");
    char bridge[COMMENT_SIZE];
    if (rule == NULL)
      continue;
    if (!parse_comment (text_of (rule, "comment"), bridge))
      {
        foreign_seen = true;
        continue;
      }
    held->is_first = held->is_first && !foreign_seen;
    json_object_set (held->comments, text_of (rule, "comment"), json_object_get (rule, "handle"));
  }
  json_decref (entries);
  return 0;
}

static void
delete_rule (struct buffer *script, const struct chain *chain, const json_t *handle)
{
  append (script, "delete rule %s %s %s handle %" JSON_INTEGER_FORMAT "\n", chain->family, chain->table, chain->name,
          json_integer_value (handle));
}

static void
add_missing (struct buffer *script, const struct chain *chain, const struct held *held, const char *bridge)
{
  const char *const directions[][2] = { { "in", "iifname" }, { "out", "oifname" } };
  for (unsigned i = 0; i < 2; i++)
    {
      char comment[COMMENT_SIZE];
      comment_for (bridge, directions[i][0], comment);
      const json_t *handle = json_object_get (held->comments, comment);
      if (handle != NULL && held->is_first)
        continue;
      if (handle != NULL) /* somebody has put rules in front of it */
        delete_rule (script, chain, handle);
      append (script, "insert rule %s %s %s %s \"%s\" accept comment \"%s\"\n", chain->family, chain->table,
              chain->name, directions[i][1], bridge, comment);
    }
}

static void
delete_excess (struct buffer *script, const struct chain *chain, const struct held *held, const json_t *bridges,
               const json_t *former)
{
  const char *comment;
  json_t *handle;
  json_object_foreach (held->comments, comment, handle)
  {
    char bridge[COMMENT_SIZE];
    if (parse_comment (comment, bridge) && contains (former, bridge) && !contains (bridges, bridge))
      delete_rule (script, chain, handle);
  }
}

static int
plan_chain (struct nft *nft, const struct chain *chain, const json_t *bridges, const json_t *former,
            struct buffer *script, struct tss_error *error)
{
  struct held held;
  size_t index;
  json_t *bridge;
  if (read_chain (nft, chain, &held, error) < 0)
    return -1;
  delete_excess (script, chain, &held, bridges, former);
  json_array_foreach ((json_t *)bridges, index, bridge)
  {
    add_missing (script, chain, &held, json_string_value (bridge));
  }
  json_decref (held.comments);
  return 0;
}

int
guard_rules_apply (struct nft *nft, const json_t *bridges, const json_t *former, struct tss_error *error)
{
  json_t *chains;
  size_t index;
  json_t *entry;
  struct buffer script = { 0 };
  int result = 0;
  if (nft_list (nft, "list chains", &chains, error) < 0)
    return -1;
  json_array_foreach (chains, index, entry)
  {
    const json_t *hostile = json_object_get (entry, "chain");
    if (result < 0 || !is_hostile (hostile))
      continue;
    struct chain place = place_for (chains, hostile);
    result = plan_chain (nft, &place, bridges, former, &script, error);
  }
  json_decref (chains);
  if (result == 0 && buffer_length (&script) > 0)
    {
      buffer_append (&script, "", 1);
      result = nft_run (nft, buffer_bytes (&script), error);
    }
  buffer_free (&script);
  return result;
}

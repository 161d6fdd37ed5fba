#include "guard-rules.h"
#include "../common/cleanup.h"
#include "memory.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Our rules carry "tsstack <bridge> in" or "tsstack <bridge> out" as comment. */
#define MARK "tsstack"
#define OWN_TABLES "tsstack-"
#define COMMENT_SIZE 64

/* Comes first in Docker's forward chain and is the place that Docker leaves to others. */
#define USER_CHAIN "DOCKER-USER"

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
    memory_append (script, line, (size_t)length);
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

static bool
is_foreign_forward_chain (const json_t *chain)
{
  const char *family = text_of (chain, "family"), *table = text_of (chain, "table");
  if (strcmp (family, "ip") != 0 && strcmp (family, "ip6") != 0 && strcmp (family, "inet") != 0)
    return false;
  return strcmp (text_of (chain, "hook"), "forward") == 0 && strcmp (text_of (chain, "type"), "filter") == 0
         && strncmp (table, OWN_TABLES, strlen (OWN_TABLES)) != 0;
}

/* Docker and ufw drop by the policy of their forward chain; firewalld's accepts and rejects in its last rule. */
static bool
is_hostile (const json_t *chain)
{
  return strcmp (text_of (chain, "policy"), "drop") == 0 || strcmp (text_of (chain, "table"), "firewalld") == 0;
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
  bool leads_to_user_chain;
};

/* Is it `jump DOCKER-USER`, whatever stands before that? */
static bool
is_jump_to_user_chain (const json_t *rule)
{
  size_t index;
  json_t *part;
  json_array_foreach (json_object_get (rule, "expr"), index, part)
  {
    if (strcmp (text_of (json_object_get (part, "jump"), "target"), USER_CHAIN) == 0)
      return true;
  }
  return false;
}

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
        held->leads_to_user_chain = held->leads_to_user_chain || is_jump_to_user_chain (rule);
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

/* Rules of bridges that are or were ours (OWN) and are not wanted in this chain. */
static void
delete_excess (struct buffer *script, const struct chain *chain, const struct held *held, const json_t *wanted,
               const json_t *own)
{
  const char *comment;
  json_t *handle;
  json_object_foreach (held->comments, comment, handle)
  {
    char bridge[COMMENT_SIZE];
    if (parse_comment (comment, bridge) && contains (own, bridge) && !contains (wanted, bridge))
      delete_rule (script, chain, handle);
  }
}

static void
plan_chain (struct buffer *script, const struct chain *chain, const struct held *held, const json_t *wanted,
            const json_t *own)
{
  size_t index;
  json_t *bridge;
  delete_excess (script, chain, held, wanted, own);
  json_array_foreach ((json_t *)wanted, index, bridge)
  {
    add_missing (script, chain, held, json_string_value (bridge));
  }
}

/* What is wanted: the bridges, or none of them. */
struct wish
{
  const json_t *bridges, *none, *own;
};

/* A forward chain, and the chain for users that it may lead to: where it drops, one of them gets the rules. */
static int
plan_hook (struct nft *nft, const json_t *chains, const json_t *hook, const struct wish *wish, struct buffer *script,
           struct tss_error *error)
{
  struct chain base = { text_of (hook, "family"), text_of (hook, "table"), text_of (hook, "name") };
  struct chain user = { base.family, base.table, USER_CHAIN };
  struct held in_base, in_user;
  if (read_chain (nft, &base, &in_base, error) < 0)
    return -1;
  bool by_user = is_hostile (hook) && in_base.leads_to_user_chain;
  plan_chain (script, &base, &in_base, is_hostile (hook) && !by_user ? wish->bridges : wish->none, wish->own);
  json_decref (in_base.comments);
  if (!has_chain (chains, user.family, user.table, user.name))
    return 0;
  if (read_chain (nft, &user, &in_user, error) < 0)
    return -1;
  plan_chain (script, &user, &in_user, by_user ? wish->bridges : wish->none, wish->own);
  json_decref (in_user.comments);
  return 0;
}

static int
plan (struct nft *nft, const struct wish *wish, struct buffer *script, struct tss_error *error)
{
  tss_autojson json_t *chains = NULL;
  size_t index;
  json_t *entry;
  if (nft_list (nft, "list chains", &chains, error) < 0)
    return -1;
  json_array_foreach (chains, index, entry)
  {
    const json_t *chain = json_object_get (entry, "chain");
    if (is_foreign_forward_chain (chain) && plan_hook (nft, chains, chain, wish, script, error) < 0)
      return -1;
  }
  return 0;
}

int
guard_rules_apply (struct nft *nft, const json_t *bridges, const json_t *former, struct tss_error *error)
{
  struct buffer script = { 0 };
  tss_autojson json_t *none = json_array ();
  tss_autojson json_t *own = json_copy ((json_t *)bridges);
  if (former != NULL)
    json_array_extend (own, (json_t *)former);
  int result = plan (nft, &(struct wish){ .bridges = bridges, .none = none, .own = own }, &script, error);
  if (result == 0 && buffer_length (&script) > 0)
    {
      memory_append (&script, "", 1);
      result = nft_run (nft, buffer_bytes (&script), error);
    }
  buffer_free (&script);
  return result;
}

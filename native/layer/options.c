/* The command line of tsstack-layer. */
#include "options.h"

#include "../common/cleanup.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct option_row
{
  const char *name;
  size_t offset; /* of the member */
  bool is_list;
};

static const struct option_row rows[] = {
  { "bytes", offsetof (struct layer_options, bytes), false },
  { "label", offsetof (struct layer_options, label), false },
  { "lock", offsetof (struct layer_options, lock), false },
  { "to", offsetof (struct layer_options, to), false },
  { "from", offsetof (struct layer_options, from), false },
  { "diff-id", offsetof (struct layer_options, diff_id), false },
  { "max-bytes", offsetof (struct layer_options, max_bytes), false },
  { "first-id", offsetof (struct layer_options, first_id), false },
  { "directory", offsetof (struct layer_options, directory), false },
  { "pid", offsetof (struct layer_options, pid), false },
  { "cgroup", offsetof (struct layer_options, cgroup), false },
  { "upper", offsetof (struct layer_options, upper), false },
  { "work", offsetof (struct layer_options, work), false },
  { "root", offsetof (struct layer_options, root_access), false },
  { "name", offsetof (struct layer_options, name), false },
  { "links", offsetof (struct layer_options, links), false },
  { "owners", offsetof (struct layer_options, owners), false },
  { "bind", offsetof (struct layer_options, binds), true },
  { "at", offsetof (struct layer_options, targets), true },
  { "layer", offsetof (struct layer_options, layers), true },
  { "option", offsetof (struct layer_options, options), true },
  { "path", offsetof (struct layer_options, path), false },
  { "type", offsetof (struct layer_options, type), false },
};

/* True when NAME is one of the comma-separated names. */
static bool
is_allowed (const char *name, const char *allowed)
{
  size_t size = strlen (name);

  for (const char *word = allowed; *word; word += strcspn (word, ","), word += *word == ',')
    if (strcspn (word, ",") == size && strncmp (word, name, size) == 0)
      return true;
  return false;
}

static const struct option_row *
find_row (const char *argument, const char *allowed)
{
  for (size_t i = 0; i < TSS_LENGTH (rows); i++)
    if (strcmp (argument + strlen ("--"), rows[i].name) == 0 && is_allowed (rows[i].name, allowed))
      return &rows[i];
  return NULL;
}

static int
append_value (const char ***list, const char *value)
{
  size_t count = 0;
  const char **grown;

  while (*list && (*list)[count])
    count++;
  grown = reallocarray (*list, count + 2, sizeof *grown);
  if (!grown)
    return -1;
  grown[count] = value;
  grown[count + 1] = NULL;
  *list = grown;
  return 0;
}

int
layer_options_parse (struct layer_options *options, char **arguments, const char *allowed, struct tss_error *error)
{
  char **argument = arguments;

  *options = (struct layer_options){ 0 };
  for (; *argument && strncmp (*argument, "--", 2) == 0; argument += 2)
    {
      const struct option_row *row = find_row (*argument, allowed);
      char *member;

      if (strcmp (*argument, "--") == 0)
        {
          argument++;
          break;
        }
      if (!row || !argument[1])
        return tss_error_set (error, TSS_ERROR_INVALID, 0, *argument,
                              row ? "option %s needs a value" : "no option %s here", *argument);
      member = (char *)options + row->offset;
      if (!row->is_list)
        *(const char **)(void *)member = argument[1];
      else if (append_value ((const char ***)(void *)member, argument[1]) < 0)
        return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "read the options");
    }
  options->paths = (const char *const *)argument;
  return 0;
}

void
layer_options_free (struct layer_options *options)
{
  free (options->layers);
  free (options->binds);
  free (options->targets);
  free (options->options);
}

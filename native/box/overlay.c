/* Mount options of a root that is made of layers. */
#include "overlay.h"

#include <string.h>

/* Appends TEXT to the mount options of an overlay, where a colon and a comma separate and a backslash protects. */
static int
append_escaped (char *options, size_t size, size_t *length, const char *text)
{
  for (; *text; text++)
    {
      if (*length + 3 > size)
        return -1;
      if (strchr (":,\\", *text))
        options[(*length)++] = '\\';
      options[(*length)++] = *text;
    }
  options[*length] = '\0';
  return 0;
}

static int
append_plain (char *options, size_t size, size_t *length, const char *text)
{
  if (*length + strlen (text) + 1 > size)
    return -1;
  memcpy (options + *length, text, strlen (text) + 1);
  *length += strlen (text);
  return 0;
}

int
box_overlay_format (const struct box_overlay *overlay, char *options, size_t size)
{
  size_t length = 0;

  if (append_plain (options, size, &length, "lowerdir=") < 0)
    return -1;
  for (const char *const *layer = overlay->lower; *layer; layer++)
    if ((layer > overlay->lower && append_plain (options, size, &length, ":") < 0)
        || append_escaped (options, size, &length, *layer) < 0)
      return -1;
  if (!overlay->upper)
    return 0;
  if (append_plain (options, size, &length, ",upperdir=") < 0
      || append_escaped (options, size, &length, overlay->upper) < 0
      || append_plain (options, size, &length, ",workdir=") < 0)
    return -1;
  return append_escaped (options, size, &length, overlay->work);
}

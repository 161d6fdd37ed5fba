/* Warnings: what was done less well than asked for. */
#include "warning.h"

#include <stdarg.h>
#include <stdio.h>

void
box_warn (const struct box_warner *warner, const char *format, ...)
{
  char message[sizeof ((struct tss_error *)NULL)->message];
  va_list arguments;

  if (!warner || !warner->warn)
    return;
  va_start (arguments, format);
  vsnprintf (message, sizeof message, format, arguments);
  va_end (arguments);
  warner->warn (warner->context, message);
}

/* What is remembered of containers between calls: a directory each below --root. */
#ifndef TSSTACK_BOX_COMMAND_RECORDS_H
#define TSSTACK_BOX_COMMAND_RECORDS_H

#include "command.h"

struct command_record
{
  char directory[4096];
  char start_socket[4200];
  json_t *state; /* state.json */
  struct box_container *container;
};

/* Makes the directory of a new container; TSS_ERROR_EXISTS when there is one, TSS_ERROR_INVALID for an id that is no
 * file name. */
int command_record_make (const struct command_options *options, const char *id, struct command_record *record,
                         struct tss_error *error);

/* Remembers what a container is made from: the bundle's own file may change or go before an exec needs it. */
int command_record_save_spec (const struct command_record *record, const json_t *spec, struct tss_error *error);

/* Remembers the container that is made from SPEC in BUNDLE. Others find it when it has been made: with _publish. */
int command_record_prepare (struct command_record *record, const char *id, const char *bundle, const json_t *spec,
                            const struct box_container *container, struct tss_error *error);
int command_record_publish (const struct command_record *record, struct tss_error *error);

/* What of config.json a command needs. */
enum command_spec_need
{
  COMMAND_SPEC_NONE,
  COMMAND_SPEC_IF_NEEDED, /* only if there are hooks, or somebody to be asked about system calls */
  COMMAND_SPEC_WHOLE,
};

/* Finds a container again. */
int command_record_load (const struct command_options *options, const char *id, enum command_spec_need need,
                         struct command_record *record, struct tss_error *error);

/* created, running, paused or stopped. */
const char *command_record_status (const struct command_record *record);

int command_record_remove (const struct command_record *record, struct tss_error *error);
void command_record_free (struct command_record *record);

#define command_autorecord __attribute__ ((cleanup (command_record_free))) struct command_record

#endif

/* Making one file system object from one archive entry, with everything that the entry says about it. */
#ifndef TSSTACK_LAYER_ENTRY_H
#define TSSTACK_LAYER_ENTRY_H

#include "../common/error.h"
#include <stdbool.h>

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stdint.h>

/* Where an entry goes: NAME in the open directory PARENT; PATH is the whole clean path, for messages. */
struct layer_place
{
  int parent;
  const char *name;
  const char *path;
  bool drops_rights; /* of the archive's owners over everybody else: it is made for another owner, who is not to give
                        them away: set-id bits, file capabilities, devices for all */
};

struct layer_entry_counts
{
  uint64_t bytes;          /* content of regular files */
  uint64_t skipped_xattrs; /* extended attributes that this file system or object cannot hold */
};

/* Writes a regular file with the data that follows in ARCHIVE; holes stay holes. EEXIST (TSS_ERROR_EXISTS) when NAME
 * exists. */
int layer_write_file (const struct layer_place *place, struct archive *archive, struct archive_entry *entry,
                      struct layer_entry_counts *counts, struct tss_error *error);

/* Makes a symbolic link, device or fifo. TSS_ERROR_EXISTS when NAME exists. */
int layer_make_special (const struct layer_place *place, struct archive_entry *entry, struct layer_entry_counts *counts,
                        struct tss_error *error);

/* Sets owner, mode and attributes of the file or directory that lies at PLACE and is open as FD. */
int layer_set_metadata (int fd, const struct layer_place *place, struct archive_entry *entry,
                        struct layer_entry_counts *counts, struct tss_error *error);

/* Access and modification time of the entry, for futimens. */
void layer_entry_times (struct archive_entry *entry, struct timespec times[2]);

#endif

/* What the parts of the shim share. One process holds one container; everything is reached from one struct. */
#ifndef TSSTACK_SHIM_SHIM_H
#define TSSTACK_SHIM_SHIM_H
#include "../box/box.h"
#include "log.h"
#include "watch.h"
#include <time.h>

enum phase
{
  PHASE_CREATED,
  PHASE_RUNNING,
  PHASE_PAUSED,
  PHASE_RESTARTING,
  PHASE_STOPPING,
  PHASE_EXITED,
};

enum restart_policy
{
  RESTART_NO,
  RESTART_ALWAYS,
  RESTART_UNLESS_STOPPED,
  RESTART_ON_FAILURE,
};

struct restart_config
{
  enum restart_policy policy;
  uint64_t max_retries, backoff_initial_ms, backoff_cap_ms, reset_after_ms;
};

/* shim.json; strings are borrowed from DOCUMENT. */
struct config
{
  json_t *document;
  const char *id, *bundle, *socket, *state_file, *cgroup, *log_path;
  bool autostart, wants_stdin, has_overlay;
  struct box_overlay overlay;
  struct restart_config restart;
  int stop_signal;
  int64_t stop_grace_ms;
  uint64_t log_max_bytes, log_max_files;
};

#define TIME_SIZE 56
#define KEPT_RUNS 16

struct run
{
  char started_at[TIME_SIZE], finished_at[TIME_SIZE];
  int exit_code, signal;
  bool oom_killed;
};

struct state
{
  uint64_t seq;
  enum phase phase;
  pid_t pid;
  uint64_t pid_start_time;
  char created_at[TIME_SIZE], next_restart_at[TIME_SIZE];
  struct run run; /* the current or last one */
  bool has_exited;
  uint64_t restart_count;
  struct tss_error error;
  struct run runs[KEPT_RUNS]; /* the last ended ones, oldest first */
  unsigned run_count;
};

/* What the end of the process will mean. */
enum intent
{
  INTENT_POLICY,
  INTENT_STOP,
  INTENT_RESTART,
};

struct client;

struct timer
{
  struct watch watch;
};

struct shim
{
  struct config config;
  struct state state;
  struct box_container *box;
  struct watch signals, listener;
  struct watch outputs[2]; /* stdout and stderr, or the terminal and nothing */
  struct watch input;      /* write end of stdin; the terminal is outputs[0] */
  bool terminal, done, first_start_done;
  struct timer backoff, grace, log_retry;
  uint64_t next_backoff_ms;
  struct timespec run_began;
  struct log log;
  struct log_stream streams[2];
  enum intent intent;
  struct client *clients;
  char *pending_input; /* stdin that the process has not taken yet */
  size_t pending_input_size;
  bool input_ends;
};

int config_load (struct config *config, const char *path, struct tss_error *error);
int config_parse_restart (const json_t *object, struct restart_config *restart, struct tss_error *error);
int signal_from_json (const json_t *value, int fallback);

void state_now (char text[TIME_SIZE]);
json_t *state_to_json (const struct shim *shim);
int state_write (struct shim *shim);

int timer_open (struct timer *timer, void (*ready) (struct watch *, uint32_t), void *owner);
void timer_set (struct timer *timer, uint64_t milliseconds);
void timer_stop (struct timer *timer);

/* Decides after an end: -1 = stay ended, else milliseconds until the next run. */
int64_t restart_delay (const struct restart_config *restart, int exit_code, uint64_t restarts_so_far, uint64_t run_ms,
                       uint64_t *next_backoff_ms);

int supervise_create (struct shim *shim, struct tss_error *error);
int supervise_start (struct shim *shim, struct tss_error *error);
void supervise_stop (struct shim *shim, int signal_number, int64_t grace_ms, enum intent intent);
void supervise_child_ended (struct shim *shim, int status);
void supervise_open_timers (struct shim *shim);
void supervise_input (struct shim *shim, const char *data, size_t size, bool ends);
int supervise_pause (struct shim *shim, bool paused, struct tss_error *error);

int server_open (struct shim *shim, struct tss_error *error);
void server_broadcast_event (struct shim *shim, const char *event);
void server_broadcast_output (struct shim *shim, unsigned stream, const char *data, size_t size);
/* The container has ended for good: answers everybody who waits. */
void server_announce_end (struct shim *shim);
void server_announce_restarted (struct shim *shim);
bool server_child_ended (struct shim *shim, pid_t pid, int status);
/* Writes what clients have not read yet, at most for two seconds. */
void server_drain (struct shim *shim);

int launcher_main (void);
#endif

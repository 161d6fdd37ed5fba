/* The words of linux.seccomp and their values in libseccomp. */
#ifndef TSSTACK_BOX_SECCOMP_NAMES_H
#define TSSTACK_BOX_SECCOMP_NAMES_H

#include <stdint.h>

/* Each returns 0 and sets *VALUE, or -1 when the word is unknown. */
int box_seccomp_action_value (const char *name, uint32_t errno_value, uint32_t *value);
int box_seccomp_architecture_value (const char *name, uint32_t *value);
int box_seccomp_operator_value (const char *name, int *value);
int box_seccomp_flag_value (const char *name, unsigned int *value);

#endif

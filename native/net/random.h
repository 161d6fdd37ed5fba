/* Unpredictable numbers: for the ids of DNS questions, and for turns. */
#ifndef TSSTACK_NET_RANDOM_H
#define TSSTACK_NET_RANDOM_H

#include <stdint.h>

uint32_t random_number (void);

#endif

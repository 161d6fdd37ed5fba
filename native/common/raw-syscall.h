/* System calls for code that runs before the C library has begun: it has no errno then, and none of its functions can
 * be called, not even those that the compiler might put in for a loop. */
#ifndef TSSTACK_COMMON_RAW_SYSCALL_H
#define TSSTACK_COMMON_RAW_SYSCALL_H

#include <stdint.h>
#include <sys/syscall.h>

/* For every function of such code: there is no canary to compare with yet. */
#define TSS_BEFORE_LIBC __attribute__ ((no_stack_protector))

/* In the body of a loop: that stays a loop. */
#define TSS_KEEP_LOOP() __asm__ volatile("" ::: "memory")

/* A pointer or a number as an argument. */
#define TSS_RAW(value) ((long)(intptr_t)(value))

/* The result, or -errno. */
TSS_BEFORE_LIBC static inline long
tss_raw_syscall (long number, long a, long b, long c, long d, long e)
{
#if defined __x86_64__
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  long result;

  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                   : "rcx", "r11", "memory");
  return result;
#elif defined __aarch64__
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;

  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return x0;
#else
#error "x86-64 and arm64 only"
#endif
}

#endif

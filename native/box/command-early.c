/* Where tsstack-box begins, as long as it is linked statically: before the C library.
 *
 * A command that enters a container continues from a view of its file that cannot be written (unwritable-exec.h), as a
 * new program. To get the C library ready twice would cost 0.25 ms: it asks the processor some 40 times what it can do,
 * and in a virtual machine the host has to answer each time. The start of a container needs no library at all, as long
 * as it succeeds: command-early-start.h. */
#include "../common/raw-text.h"
#include "../common/unwritable-view.h"
#include "command-early-start.h"

#include <stddef.h>

enum
{
  ENVIRONMENT_MAX = 1024, /* variables; with more, and wherever else this is not possible, it is done later */
};

#if defined __x86_64__
__asm__(".globl tss_early_start\n"
        ".type tss_early_start, @function\n"
        "tss_early_start:\n"
        "  xor %ebp, %ebp\n"
        "  mov %rdx, %r12\n"
        "  mov %rsp, %rbx\n"
        "  mov %rsp, %rdi\n"
        "  and $-16, %rsp\n"
        "  call tss_before_libc\n"
        "  mov %rbx, %rsp\n"
        "  mov %r12, %rdx\n"
        "  jmp _start\n");
#elif defined __aarch64__
__asm__(".globl tss_early_start\n"
        ".type tss_early_start, %function\n"
        "tss_early_start:\n"
        "  mov x19, x0\n"
        "  mov x0, sp\n"
        "  bl tss_before_libc\n"
        "  mov x0, x19\n"
        "  b _start\n");
#endif

void tss_before_libc (char **stack);

/* Whether one of the words could be a command that enters a container. What is mistaken for one costs a moment. */
TSS_BEFORE_LIBC static bool
may_enter (char *const *arguments)
{
  for (; *arguments; arguments++)
    if (tss_raw_begins_with (*arguments, "create") || tss_raw_begins_with (*arguments, "run")
        || tss_raw_begins_with (*arguments, "exec"))
      return true;
  return false;
}

/* STACK: as the kernel has left it, the number of arguments, then the arguments and the environment, each with a NULL
 * at the end. */
TSS_BEFORE_LIBC void
tss_before_libc (char **stack)
{
  char **arguments = stack + 1;
  char **variables = arguments + (size_t)stack[0] + 1;
  char *environment[ENVIRONMENT_MAX + 2];
  size_t count = 0;

  command_early_start (arguments);
  if (!may_enter (arguments))
    return;
  for (; variables[count]; count++)
    {
      if (count == ENVIRONMENT_MAX || tss_raw_begins_with (variables[count], TSS_UNWRITABLE_MARK "="))
        return;
      environment[count] = variables[count];
    }
  environment[count++] = (char *)(uintptr_t)TSS_UNWRITABLE_MARK "=1";
  environment[count] = NULL;
  tss_exec_unwritable_view (arguments, environment);
}

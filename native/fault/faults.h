/* Which system calls can fail, and how. */
#ifndef TSSTACK_FAULT_FAULTS_H
#define TSSTACK_FAULT_FAULTS_H

struct fault
{
  const char *name;
  long long call;
  int error_number;
};

/* NULL: not a call that is made to fail. */
const struct fault *faults_of_call (long long call);
const struct fault *faults_of_interruption (long long call);

#endif

/* config.json: whatever it says, it becomes a spec or an error that says why not. */
#include "../box/cgroup-devices.h"
#include "../box/cgroup-plan.h"
#include "../box/seccomp.h"
#include "../box/spec.h"
#include "../common/cleanup.h"
#include "../common/json.h"
#include "fuzz.h"
#include "json-mutator.h"

#include <linux/bpf.h>
#include <string.h>

static void
require_reason (const struct tss_error *error)
{
  FUZZ_REQUIRE (error->code != TSS_ERROR_NONE && error->message[0] != '\0');
  FUZZ_REQUIRE (memchr (error->message, '\0', sizeof error->message) && memchr (error->path, '\0', sizeof error->path));
}

static void
plan_cgroup (const json_t *document)
{
  struct box_resources resources;
  struct box_cgroup_plan plan = { 0 };
  struct tss_error error = { 0 };

  if (box_resources_parse (document, &resources, &error) < 0)
    {
      require_reason (&error);
      return;
    }
  if (box_cgroup_plan_v1 (&resources, &plan, &error) < 0)
    require_reason (&error);
  box_cgroup_plan_free (&plan);
  plan = (struct box_cgroup_plan){ 0 };
  if (box_cgroup_plan_v2 (&resources, &plan, &error) < 0)
    require_reason (&error);
  box_cgroup_plan_free (&plan);
}

static void
compile_devices (const json_t *document)
{
  struct box_device_rules rules = { 0 };
  struct tss_error error = { 0 };
  size_t count = 0;

  if (box_device_rules_parse (document, &rules, &error) < 0)
    {
      require_reason (&error);
      return;
    }
  free (box_device_program_compile (&rules, &count));
  FUZZ_REQUIRE (count > 0);
  box_device_rules_free (&rules);
}

static void
compile_filter (const json_t *document)
{
  struct tss_error error = { 0 };
  struct box_seccomp_filter *filter = document ? box_seccomp_compile (document, &error) : NULL;

  if (document && !filter)
    require_reason (&error);
  FUZZ_REQUIRE (!filter || filter->count > 0);
  free (filter);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  tss_autofree char *text = strndup ((const char *)data, size);
  struct tss_error error = { 0 };
  tss_autojson json_t *document = tss_json_parse (text, "config.json", &error);
  struct box_spec spec;

  if (!document || box_spec_parse (document, &spec, &error) < 0)
    {
      require_reason (&error);
      FUZZ_REQUIRE (!json_is_object (document) || error.code != TSS_ERROR_INVALID || error.path[0] != '\0');
      return 0;
    }
  FUZZ_REQUIRE (spec.process.arguments && spec.process.arguments[0]);
  plan_cgroup (spec.resources);
  compile_devices (spec.resources);
  compile_filter (spec.seccomp);
  box_spec_free (&spec);
  return 0;
}

size_t
LLVMFuzzerCustomMutator (uint8_t *data, size_t size, size_t maximum, unsigned int seed)
{
  return json_mutate (data, size, maximum, seed);
}

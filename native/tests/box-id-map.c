/* Maps of user namespaces: reading them, and finding ids in them. */
#include "../box/id-map.h"
#include "../common/cleanup.h"
#include "check.h"

static const char two_ranges[] = "{\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":10},"
                                 "{\"containerID\":10,\"hostID\":5000,\"size\":5}],"
                                 "\"gidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]}";

static int
parse (const char *text, struct box_id_maps *maps, struct tss_error *error)
{
  tss_autojson json_t *object = json_loads (text, 0, NULL);

  CHECK (object);
  return box_id_maps_parse (object, "linux", maps, error);
}

static void
test_find (void)
{
  struct box_id_maps maps = { 0 };
  uint32_t outside = 0;

  CHECK (parse (two_ranges, &maps, NULL) == 0 && maps.users.count == 2 && maps.groups.count == 1);
  CHECK (box_id_map_find (&maps.users, 9, &outside) && outside == 1009);
  CHECK (box_id_map_find (&maps.users, 10, &outside) && outside == 5000);
  CHECK (!box_id_map_find (&maps.users, 15, &outside));
  CHECK (!box_id_map_find (&maps.groups, 1, &outside));
  box_id_maps_free (&maps);
}

static void
test_agreement (void)
{
  struct box_id_range same = { 2, 1002, 8 }, beyond = { 2, 1002, 9 }, other = { 2, 1003, 1 };
  struct box_id_maps maps = { 0 };

  CHECK (parse (two_ranges, &maps, NULL) == 0);
  CHECK (box_id_map_agrees (&(struct box_id_map){ NULL, 0 }, &maps.users));
  CHECK (box_id_map_agrees (&(struct box_id_map){ &same, 1 }, &maps.users));
  CHECK (!box_id_map_agrees (&(struct box_id_map){ &beyond, 1 }, &maps.users));
  CHECK (!box_id_map_agrees (&(struct box_id_map){ &other, 1 }, &maps.users));
  box_id_maps_free (&maps);
}

static void
test_refusals (void)
{
  static const char *const texts[] = {
    "{\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]}",
    "{\"uidMappings\":[{\"containerID\":0,\"size\":1}],\"gidMappings\":[]}",
    "{\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":0}]}",
    "{\"uidMappings\":[{\"containerID\":0,\"hostID\":4294967294,\"size\":2}]}",
    "{\"uidMappings\":[{\"containerID\":-1,\"hostID\":1,\"size\":1}]}",
    "{\"uidMappings\":7}",
  };

  for (size_t i = 0; i < TSS_LENGTH (texts); i++)
    {
      struct box_id_maps maps = { 0 };
      struct tss_error error = { 0 };

      CHECK (parse (texts[i], &maps, &error) < 0 && error.code == TSS_ERROR_INVALID);
      box_id_maps_free (&maps);
    }
}

int
main (void)
{
  test_find ();
  test_agreement ();
  test_refusals ();
  return check_finish ("box-id-map");
}

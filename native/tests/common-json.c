/* JSON helpers and the error type. */
#include "../common/cleanup.h"
#include "../common/json.h"
#include "check.h"

static void
test_large_numbers (void)
{
  struct tss_error error = { 0 };
  tss_autojson json_t *value
      = tss_json_parse ("{\"a\":18446744073709551615,\"b\":9223372036854775808,\"c\":9223372036854775807,\"d\":-5,"
                        "\"e\":\"18446744073709551615 \\\" 1\",\"f\":[9999999999999999999,1.5]}",
                        "test", &error);

  CHECK_STRING (error.message, "");
  CHECK (json_integer_value (json_object_get (value, "a")) == -1);
  CHECK (json_integer_value (json_object_get (value, "b")) == INT64_MIN);
  CHECK (json_integer_value (json_object_get (value, "c")) == INT64_MAX);
  CHECK (json_integer_value (json_object_get (value, "d")) == -5);
  CHECK_STRING (json_string_value (json_object_get (value, "e")), "18446744073709551615 \" 1");
  CHECK ((uint64_t)json_integer_value (json_array_get (json_object_get (value, "f"), 0)) == 9999999999999999999U);
}

static void
test_types (void)
{
  struct tss_error error = { 0 };
  tss_autojson json_t *value
      = json_loads ("{\"text\":\"x\",\"number\":-3,\"nothing\":null,\"list\":[\"a\",1]}", 0, NULL);
  const char *text = "unchanged";
  const char **strings = NULL;
  uint64_t number = 7;
  bool flag = true;

  CHECK (tss_json_get_string (value, "text", "at", &text, &error) == 0);
  CHECK_STRING (text, "x");
  CHECK (tss_json_get_string (value, "nothing", "at", &text, &error) == 0);
  CHECK_STRING (text, "x");
  CHECK (tss_json_get_uint (value, "missing", "at", 10, &number, &error) == 0 && number == 7);
  CHECK (tss_json_get_uint (value, "number", "at", 10, &number, &error) == -1);
  CHECK_STRING (error.path, "at.number");
  CHECK (error.code == TSS_ERROR_INVALID);
  CHECK (tss_json_get_bool (value, "text", "", &flag, &error) == -1 && flag);
  CHECK_STRING (error.message, "text: expected true or false");
  CHECK (tss_json_get_strings (value, "list", "at", &strings, &error) == -1 && strings == NULL);
}

static void
test_files (void)
{
  struct tss_error error = { 0 };

  CHECK (tss_json_load_file ("/nonexistent", &error) == NULL);
  CHECK (error.code == TSS_ERROR_NOT_FOUND && error.error_number == ENOENT);
  CHECK (tss_json_parse ("{\n  \"a\": 1,\n  \"a\": 2}", "file", &error) == NULL);
  CHECK (error.code == TSS_ERROR_INVALID && strncmp (error.message, "file:3:", 7) == 0);
}

static void
test_errors (void)
{
  struct tss_error error = { 0 };
  tss_autojson json_t *value = NULL;

  CHECK (tss_error_set (&error, TSS_ERROR_MOUNT, ENOENT, "/data", "mount %s", "web") == -1);
  CHECK_STRING (error.message, "mount web: No such file or directory");
  value = tss_error_to_json (&error);
  CHECK_STRING (json_string_value (json_object_get (value, "code")), "mount");
  CHECK_STRING (json_string_value (json_object_get (value, "errno")), "ENOENT");
  CHECK_STRING (json_string_value (json_object_get (value, "path")), "/data");
  CHECK (tss_error_set (NULL, TSS_ERROR_IO, 0, "", "nobody asked") == -1);
  CHECK_STRING (tss_error_code_name (TSS_ERROR_EXEC_NOT_EXECUTABLE), "exec-not-executable");
}

/* A name that is no UTF-8 must not lose the whole error. */
static void
test_foreign_bytes (void)
{
  struct tss_error error = { 0 };
  tss_autojson json_t *value = NULL;

  tss_error_set (&error, TSS_ERROR_IO, 0, "/\xff", "open \xff%s", "x");
  value = tss_error_to_json (&error);
  CHECK_STRING (json_string_value (json_object_get (value, "message")), "open ?x");
  CHECK_STRING (json_string_value (json_object_get (value, "path")), "/?");
}

int
main (void)
{
  test_large_numbers ();
  test_types ();
  test_files ();
  test_errors ();
  test_foreign_bytes ();
  return check_finish ("common-json");
}

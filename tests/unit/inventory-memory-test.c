/* The file in which the inventory is remembered, and what refers to it. */

#include "yard.h"

#include <homelab/inventory_load.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sysexits.h>

#define MEMORY "{\"files\":{},\"topology\":null}\n"
#define DIGEST "6010945b0046d4ebc6dff0fd7b9135a6744d8f414001a1ae9f5a893838410d01"

static json_t *
write_memory(struct yard *y, uint64_t generation)
{
	json_auto_t *memory = json_pack("{s:n,s:{}}", "topology", "files");
	struct error err = {0};
	struct unsynced unsynced = {0};
	json_t *reference =
	    inventory_memory_write(y->scratch.store.fd, memory, generation, &unsynced, &err);

	ck_assert_msg(reference != NULL, "%s", err.text);
	ck_assert_uint_eq(unsynced.count, 1);
	unsynced_release(&unsynced);
	return reference;
}

static void
expect_read(struct yard *y, const json_t *reference)
{
	json_auto_t *memory = NULL;
	struct error err = {0};

	ck_assert_msg(inventory_memory_read(y->scratch.store.fd, reference, &memory, &err) == 0,
	    "%s", err.text);
	ck_assert_uint_eq(json_object_size(memory), 2);
	ck_assert(json_is_null(json_object_get(memory, "topology")));
}

static void
expect_no_memory(int store, const json_t *reference, int status, const char *text)
{
	json_t *memory = json_true();
	struct error err = {0};

	ck_assert_int_eq(inventory_memory_read(store, reference, &memory, &err), -1);
	ck_assert_ptr_null(memory);
	ck_assert_int_eq(err.status, status);
	assert_text(err.text, text, "the error");
}

/* Rule: W5 */
START_TEST(it_is_written_and_read)
{
	cleanup_buffer struct buffer bytes = {0}, path = {0};
	json_auto_t *reference = NULL;
	struct yard y;

	yard_make(&y);
	reference = write_memory(&y, 1234567890123);
	assert_text(
	    inventory_memory_path(reference, &path), "inventory/memory.1234567890123", "the path");
	ck_assert_int_eq(disk_read(y.scratch.store.fd, (char *)path.data, 1000, &bytes, NULL), 0);
	assert_text(buffer_string(&bytes), MEMORY, "the file");
	ck_assert_int_eq(json_integer_value(json_object_get(reference, "bytes")), strlen(MEMORY));
	assert_text(json_string_value(json_object_get(reference, "sha256")), DIGEST, "the digest");
	expect_read(&y, reference);
	assert_text(inventory_memory_path(reference, &path), "inventory/memory.1234567890123",
	    "the path again");
	yard_remove(&y);
}
END_TEST

/* Rule: C4 */
START_TEST(what_is_not_the_named_one_is_damaged)
{
	static const char *const others[] = {
	    "", "{\"files\":{},\"topology\":true}\n", MEMORY " ", "{\"files\":{},\"topolo"};
	json_auto_t *reference = NULL, *shorter = NULL;
	struct yard y;

	yard_make(&y);
	reference = write_memory(&y, 7);
	for (size_t i = 0; i < COUNT(others); i++) {
		yard_write(&y, "inventory/memory.7", others[i], strlen(others[i]));
		expect_no_memory(y.scratch.store.fd, reference, EX_DATAERR,
		    "inventory/memory.7 isn't the committed one");
	}
	yard_write(&y, "inventory/memory.7", MEMORY, strlen(MEMORY));
	expect_read(&y, reference);
	shorter = json_copy(reference);
	(void)json_object_set_new(shorter, "bytes", json_integer(3));
	expect_no_memory(
	    y.scratch.store.fd, shorter, EX_DATAERR, "inventory/memory.7 isn't the committed one");
	(void)json_object_del(reference, "sha256");
	expect_no_memory(y.scratch.store.fd, reference, EX_DATAERR,
	    "inventory/memory.7 isn't the committed one");
	yard_remove(&y);
}
END_TEST

/* The digest may be right of what is no JSON. */
START_TEST(what_is_no_json_is_damaged)
{
	json_auto_t *reference = json_pack("{s:i,s:i,s:s}", "generation", 3, "bytes", 3, "sha256",
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	struct yard y;

	yard_make(&y);
	yard_write(&y, "inventory/memory.3", "abc", 3);
	expect_no_memory(y.scratch.store.fd, reference, EX_DATAERR,
	    "inventory/memory.3 isn't the committed one");
	yard_remove(&y);
}
END_TEST

/* Rule: C4 */
START_TEST(what_is_missing_or_unreadable)
{
	json_auto_t *reference = json_pack("{s:i}", "generation", 9);
	struct yard y;

	yard_make(&y);
	expect_no_memory(-1, reference, EX_DATAERR, "inventory/memory.9 is missing");
	expect_no_memory(
	    y.scratch.store.fd, reference, EX_DATAERR, "inventory/memory.9 is missing");
	expect_no_memory(y.scratch.store.fd, NULL, EX_DATAERR, "inventory/memory.0 is missing");
	yard_write(&y, "inventory/memory.9", "", 0);
	yard_fail(YARD_OPEN, "memory.9", EIO);
	expect_no_memory(y.scratch.store.fd, reference, EX_IOERR,
	    "cannot open inventory/memory.9: Input/output error");
	yard_heal();
	ck_assert_int_eq(unlinkat(y.scratch.store.fd, "inventory/memory.9", 0), 0);
	ck_assert_int_eq(unlinkat(y.scratch.store.fd, "inventory", AT_REMOVEDIR), 0);
	yard_write(&y, "inventory", "", 0);
	expect_no_memory(
	    y.scratch.store.fd, reference, EX_DATAERR, "inventory/memory.9 is missing");
	yard_remove(&y);
}
END_TEST

START_TEST(it_cannot_be_written)
{
	json_auto_t *memory = json_object();
	struct unsynced unsynced = {0};
	struct error err = {0};
	struct yard y;

	yard_make(&y);
	ck_assert_ptr_null(inventory_memory_write(-1, memory, 1, &unsynced, &err));
	ck_assert_int_eq(err.status, EX_IOERR);
	yard_write(&y, "inventory", "", 0);
	err = (struct error){0};
	ck_assert_ptr_null(inventory_memory_write(y.scratch.store.fd, memory, 1, &unsynced, &err));
	ck_assert_int_eq(err.status, EX_IOERR);
	ck_assert_uint_eq(unsynced.count, 0);
	yard_remove(&y);
}
END_TEST

Suite *
inventory_memory_suite(void)
{
	Suite *suite = suite_create("memory");
	TCase *tcase = tcase_create("memory");

	tcase_add_test(tcase, it_is_written_and_read);
	tcase_add_test(tcase, what_is_not_the_named_one_is_damaged);
	tcase_add_test(tcase, what_is_no_json_is_damaged);
	tcase_add_test(tcase, what_is_missing_or_unreadable);
	tcase_add_test(tcase, it_cannot_be_written);
	suite_add_tcase(suite, tcase);
	return suite;
}

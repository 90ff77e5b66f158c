#include "support.h"

#include <homelab/disk.h>
#include <homelab/emit.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define NOW (DAY_ZERO + HOURS(12) + 5)
#define TEXT "{\"an\": \"event\"}\n"

START_TEST(a_place_is_of_the_day_the_node_and_the_type_and_nobody_elses)
{
	char place[EVENT_PLACE_SIZE], other[EVENT_PLACE_SIZE], date[DATE_TEXT_MAX], prefix[64];

	ck_assert_int_eq(event_place("nas", "node_online", NOW, place, NULL), 0);
	ck_assert_int_eq(event_place("nas", "node_online", NOW, other, NULL), 0);
	ck_assert_str_ne(place, other);
	(void)snprintf(prefix, sizeof(prefix), "%s/nas/", date_format(date_of(NOW), date));
	ck_assert_int_eq(strncmp(place, prefix, strlen(prefix)), 0);
	ck_assert_ptr_nonnull(strstr(place, "T120000.000000005Z_node_online_"));
	ck_assert_str_eq(place + strlen(place) - 5, ".json");
}
END_TEST

START_TEST(what_is_in_its_place_stays_as_it_is)
{
	struct scratch s;
	struct stat first, second;
	char place[EVENT_PLACE_SIZE], path[EVENT_PLACE_SIZE + 8];

	scratch_make(&s);
	ck_assert_int_eq(event_place("nas", "x", NOW, place, NULL), 0);
	(void)snprintf(path, sizeof(path), "events/%s", place);
	ck_assert_int_eq(event_put(s.path, place, TEXT, strlen(TEXT), NOW, NULL), 0);
	ck_assert_int_eq(fstatat(s.store.fd, path, &first, 0), 0);
	ck_assert_int_eq(event_put(s.path, place, "other", 5, NOW, NULL), 0);
	ck_assert_int_eq(fstatat(s.store.fd, path, &second, 0), 0);
	ck_assert_uint_eq(first.st_ino, second.st_ino);
	ck_assert_int_eq(second.st_size, (off_t)strlen(TEXT));
	scratch_remove(&s);
}
END_TEST

static const char *const no_places[] = {"", "x", "2026-05-12", "2026-05-12/nas", "2026-05-12/nas/",
    "2026-05-12//x.json", "nas/2026-05-12/x.json", "2026-13-12/nas/x.json", "2026-05-12/../x.json",
    "../nas/x.json", "2026-05-12/nas/../x.json", "2026-05-12/nas/a/b.json", "/etc/nas/x.json",
    "2026-05-12/nas/.x.json", "2026-05-12/nas/x.json~", "2026-05-12/n s/x.json",
    "2026-05-12/nas/x\n.json"};

START_TEST(nothing_is_written_where_no_event_can_be)
{
	struct scratch s;
	struct error err = {0};
	struct stat st;

	scratch_make(&s);
	ck_assert_int_lt(event_put(s.path, no_places[_i], TEXT, strlen(TEXT), NOW, &err), 0);
	ck_assert_int_eq(err.status, EX_DATAERR);
	ck_assert_int_lt(fstatat(s.store.fd, "events", &st, 0), 0);
	scratch_remove(&s);
}
END_TEST

Suite *
emit_suite(void)
{
	Suite *suite = suite_create("emit");
	TCase *c = tcase_create("emit");

	tcase_add_test(c, a_place_is_of_the_day_the_node_and_the_type_and_nobody_elses);
	tcase_add_test(c, what_is_in_its_place_stays_as_it_is);
	tcase_add_loop_test(c, nothing_is_written_where_no_event_can_be, 0, COUNT(no_places));
	suite_add_tcase(suite, c);
	return suite;
}

/* Which directories there are: dates, nodes, and what is neither. */

#include "yard.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* A tree in a yard; of all names but "unknown" there are sources. */
struct site {
	struct yard yard;
	struct tree tree;
	struct tally tally;
};

static struct source *
find_source(void *context, const char *name)
{
	struct site *s = context;
	struct source *source = manifest_source(s->yard.manifest, name);

	if (strcmp(name, "unknown") == 0)
		return NULL;
	return source ? source : manifest_add_source(s->yard.manifest, name);
}

static void
each_source(void *context, void (*visit)(struct source *, int32_t), int32_t date)
{
	struct site *s = context;

	for (size_t i = 0; i < s->yard.manifest->source_count; i++)
		visit(&s->yard.manifest->sources[i], date);
}

static void
make_dir(struct site *s, const char *path)
{
	ck_assert_int_eq(mkdirat(s->yard.scan.root, path, 0755), 0);
}

static void
remove_dir(struct site *s, const char *path)
{
	ck_assert_int_eq(unlinkat(s->yard.scan.root, path, AT_REMOVEDIR), 0);
}

static bool
look(struct site *s, bool force)
{
	s->tally = (struct tally){0};
	return tree_scan(&s->yard.scan, &s->tree, force, find_source, each_source, s, &s->tally);
}

static void
tell_source(const struct source *source, struct buffer *out)
{
	cleanup_buffer struct buffer path = {0};

	for (size_t i = 0; i < source->directory_count; i++) {
		const struct directory *d = &source->directories[i];

		directory_path(source, d, &path);
		buffer_text(out, "%s%s%s%s\n", (char *)path.data, d->exists ? "" : " gone",
		    d->pending ? " pending" : "", d->held > 0 ? " held" : "");
	}
}

/* Dates, then directories, then tallies. */
static void
expect(struct site *s, const char *text)
{
	cleanup_buffer struct buffer out = {0};
	char date[DATE_TEXT_MAX];

	for (size_t i = 0; i < s->tree.date_count; i++)
		buffer_text(&out, "%s%s%s", i == 0 ? "" : " ",
		    date_format(s->tree.dates[i].date, date) + 5,
		    s->tree.dates[i].unreadable ? " unreadable" : "");
	buffer_text(&out, "%s\n", s->tree.unreadable ? " unreadable" : "");
	for (size_t i = 0; i < s->yard.manifest->source_count; i++)
		tell_source(&s->yard.manifest->sources[i], &out);
	if (s->tally.ignored + s->tally.unreadable > 0)
		buffer_text(&out, "; ignored %d unreadable %d\n", (int)s->tally.ignored,
		    (int)s->tally.unreadable);
	assert_text(buffer_string(&out), text, "the tree");
}

/* Directories "n" and "old" on two days, and one without a date. */
static void
make_site(struct site *s)
{
	static const char *const paths[] = {"events", "events/2026-05-13", "events/2026-05-12",
	    "events/2026-05-12/n", "events/2026-05-12/old", "events/2026-05-13/n", "events/n"};

	*s = (struct site){0};
	yard_make(&s->yard);
	for (size_t i = 0; i < COUNT(paths); i++)
		make_dir(s, paths[i]);
}

static void
remove_site(struct site *s)
{
	tree_release(&s->tree);
	yard_remove(&s->yard);
}

/* As if their first listing was done: nothing pending. */
static void
settle_all(struct site *s)
{
	struct manifest *m = s->yard.manifest;

	for (size_t i = 0; i < m->source_count; i++)
		for (size_t k = 0; k < m->sources[i].directory_count; k++) {
			m->sources[i].directories[k].pending = false;
			m->sources[i].directories[k].held = 1;
			m->sources[i].directories[k].held_until = 0;
		}
}

START_TEST(directories_are_found)
{
	struct site s;

	make_site(&s);
	ck_assert(look(&s, false));
	expect(&s,
	    "05-12 05-13\n"
	    "2026-05-12/n pending\n2026-05-13/n pending\nn pending\n"
	    "2026-05-12/old pending\n");
	settle_all(&s);
	ck_assert(look(&s, true));
	expect(&s,
	    "05-12 05-13\n"
	    "2026-05-12/n held\n2026-05-13/n held\nn held\n2026-05-12/old held\n");
	remove_site(&s);
}
END_TEST

START_TEST(strays_are_counted)
{
	static const char *const dirs[] = {"events/2026-05-12/unknown", "events/2026-05-12/-n",
	    "events/2026-02-30", "events/.new", "events/2026-05-12/part.tmp", "events/2026-05-123",
	    "events/a026-05-12", "events/2026x05-12", "events/2026-05-1a", "events/2026-05-1/",
	    "events/2026-05-1:", "events/2026-05-1+"};
	static const char *const files[] = {"events/file", "events/2026-05-12/file",
	    "events/2026-05-12/.file", "events/2026-05-14"};

	for (int hidden = 0; hidden < 2; hidden++) {
		struct site s;

		make_site(&s);
		if (hidden)
			yard_hide_types();
		for (size_t i = 0; i < COUNT(dirs); i++)
			make_dir(&s, dirs[i]);
		for (size_t i = 0; i < COUNT(files); i++)
			yard_write(&s.yard, files[i], "", 0);
		ck_assert_int_eq(symlinkat("n", s.yard.scan.root, "events/2026-05-12/link"), 0);
		ck_assert(look(&s, false));
		/* Four names that are almost dates are nodes' names; strays are the
		 * files but for the hidden one, the link, "-n", a day that there
		 * isn't, "2026-05-1:" and "2026-05-1+". */
		expect(&s,
		    "05-12 05-13\n2026-05-1 pending\n2026-05-123 pending\n"
		    "2026-05-1a pending\n2026x05-12 pending\na026-05-12 pending\n"
		    "2026-05-12/n pending\n2026-05-13/n pending\nn pending\n"
		    "2026-05-12/old pending\n; ignored 8 unreadable 0\n");
		remove_site(&s);
	}
}
END_TEST

/* In whatever order they are read. */
START_TEST(dates_are_in_order)
{
	static const char *const dates[] = {
	    "events/2026-05-15", "events/2026-05-19", "events/2026-05-14"};

	for (size_t first = 0; first < COUNT(dates); first++) {
		struct site s;

		make_site(&s);
		for (size_t i = 0; i < COUNT(dates); i++)
			make_dir(&s, dates[(first + i) % COUNT(dates)]);
		ck_assert(look(&s, false));
		expect(&s,
		    "05-12 05-13 05-14 05-15 05-19\n2026-05-12/n pending\n"
		    "2026-05-13/n pending\nn pending\n2026-05-12/old pending\n");
		remove_site(&s);
	}
}
END_TEST

START_TEST(what_goes_is_gone)
{
	struct site s;

	make_site(&s);
	ck_assert(look(&s, false));
	settle_all(&s);
	remove_dir(&s, "events/2026-05-12/old");
	remove_dir(&s, "events/2026-05-13/n");
	remove_dir(&s, "events/2026-05-13");
	remove_dir(&s, "events/n");
	ck_assert(look(&s, false));
	expect(&s,
	    "05-12\n2026-05-12/n held\n2026-05-13/n gone pending\nn gone pending\n"
	    "2026-05-12/old gone pending\n");
	ck_assert_int_eq(
	    source_directory(&s.yard.manifest->sources[0], NO_DATE)->held_until == TIMESTAMP_LAST,
	    1);
	settle_all(&s);
	make_dir(&s, "events/n");
	ck_assert(look(&s, false));
	expect(&s,
	    "05-12\n2026-05-12/n held\n2026-05-13/n gone held\nn pending\n"
	    "2026-05-12/old gone held\n");
	remove_site(&s);
}
END_TEST

/* A date that's a file or a link by now. */
START_TEST(a_date_that_is_no_directory)
{
	struct site s;

	make_site(&s);
	ck_assert(look(&s, false));
	settle_all(&s);
	remove_dir(&s, "events/2026-05-13/n");
	remove_dir(&s, "events/2026-05-13");
	ck_assert_int_eq(symlinkat("2026-05-12", s.yard.scan.root, "events/2026-05-13"), 0);
	ck_assert(look(&s, false));
	expect(&s,
	    "05-12\n2026-05-12/n held\n2026-05-13/n gone pending\nn held\n"
	    "2026-05-12/old held\n; ignored 1 unreadable 0\n");
	remove_site(&s);
}
END_TEST

START_TEST(events_that_are_gone)
{
	struct site s;

	yard_make(&s.yard);
	s.tree = (struct tree){0};
	ck_assert(!look(&s, true));
	expect(&s, "\n");
	yard_remove(&s.yard);

	make_site(&s);
	ck_assert(look(&s, false));
	settle_all(&s);
	ck_assert_int_eq(renameat(s.yard.scan.root, "events", s.yard.scan.root, "elsewhere"), 0);
	ck_assert(look(&s, false));
	expect(&s,
	    "\n2026-05-12/n gone pending\n2026-05-13/n gone pending\nn gone pending\n"
	    "2026-05-12/old gone pending\n");
	ck_assert(!look(&s, false));
	remove_site(&s);

	/* A file in its place. */
	make_site(&s);
	ck_assert(look(&s, false));
	settle_all(&s);
	ck_assert_int_eq(renameat(s.yard.scan.root, "events", s.yard.scan.root, "elsewhere"), 0);
	yard_write(&s.yard, "events", "", 0);
	(void)look(&s, false);
	ck_assert_uint_eq(s.tree.date_count, 0);
	remove_site(&s);
}
END_TEST

/* Nothing is taken for gone that can't be looked at, and it's tried again. */
START_TEST(what_cannot_be_read)
{
	static const struct {
		enum yard_call call;
		const char *name;
		int error;
		bool listed, hidden;
		const char *dates;
		unsigned unreadable;
	} cases[] = {
	    {YARD_STAT, "events", EACCES, true, false, "05-12 05-13", 1},
	    {YARD_OPEN, "events", EACCES, true, false,
		"05-12 unreadable 05-13 unreadable unreadable", 3},
	    {YARD_STAT, "2026-05-12", EACCES, true, false, "05-12 unreadable 05-13", 1},
	    {YARD_OPEN, "2026-05-12", EACCES, true, false, "05-12 unreadable 05-13", 1},
	    {YARD_OPEN, "2026-05-12", ENOENT, true, false, "05-12 05-13", 0},
	    {YARD_LIST, "", EMFILE, true, false, "05-12 unreadable 05-13 unreadable unreadable", 3},
	    {YARD_NEXT, "", EIO, true, false, "05-12 unreadable 05-13 unreadable unreadable", 3},
	    {YARD_STAT, "old", EACCES, true, true, "05-12 unreadable 05-13", 1},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup_buffer struct buffer text = {0};
		struct site s;

		make_site(&s);
		(void)look(&s, false);
		settle_all(&s);
		if (cases[i].hidden)
			yard_hide_types();
		yard_fail(cases[i].call, cases[i].name, cases[i].error);
		ck_assert_int_eq(look(&s, true), cases[i].listed);
		buffer_text(&text,
		    "%s\n2026-05-12/n held\n2026-05-13/n held\nn held\n2026-05-12/old held\n",
		    cases[i].dates);
		if (cases[i].unreadable > 0)
			buffer_text(&text, "; ignored 0 unreadable %u\n", cases[i].unreadable);
		expect(&s, buffer_string(&text));
		yard_heal();
		/* Although nothing changed that would tell. */
		yard_age(HOURS(1));
		s.tree.identity.ctime -= HOURS(1);
		for (size_t k = 0; k < s.tree.date_count; k++) {
			s.tree.dates[k].identity.ctime -= HOURS(1);
			s.tree.dates[k].listed -= SECONDS(1);
		}
		(void)look(&s, false);
		expect(&s,
		    "05-12 05-13\n2026-05-12/n held\n2026-05-13/n held\nn held\n"
		    "2026-05-12/old held\n");
		remove_site(&s);
	}
}
END_TEST

/* Gone since it was listed: nothing that is unreadable. */
START_TEST(what_goes_meanwhile)
{
	struct site s;

	make_site(&s);
	(void)look(&s, false);
	settle_all(&s);
	yard_hide_types();
	yard_fail(YARD_STAT, "old", ENOENT);
	ck_assert(look(&s, true));
	expect(&s,
	    "05-12 05-13\n2026-05-12/n held\n2026-05-13/n held\nn held\n"
	    "2026-05-12/old gone pending\n; ignored 1 unreadable 0\n");
	remove_site(&s);
}
END_TEST

/* What was listed a while after it changed isn't listed again. */
START_TEST(only_what_changed_is_listed)
{
	struct site s;

	make_site(&s);
	yard_age(MINUTES(1));
	ck_assert(look(&s, false));
	ck_assert(!look(&s, false));
	expect(&s,
	    "05-12 05-13\n2026-05-12/n pending\n2026-05-13/n pending\nn pending\n"
	    "2026-05-12/old pending\n");
	make_dir(&s, "events/2026-05-13/old");
	yard_fail(YARD_OPEN, "2026-05-12", EACCES);
	ck_assert(look(&s, false));
	expect(&s,
	    "05-12 05-13\n2026-05-12/n pending\n2026-05-13/n pending\nn pending\n"
	    "2026-05-12/old pending\n2026-05-13/old pending\n");
	yard_heal();
	ck_assert(!look(&s, false));
	/* An hour later all of it. */
	s.tree.listed -= MINUTES(61);
	for (size_t i = 0; i < s.tree.date_count; i++)
		s.tree.dates[i].listed -= MINUTES(61);
	ck_assert(look(&s, false));
	ck_assert(!look(&s, false));
	s.tree.dates[1].listed -= MINUTES(61);
	ck_assert(look(&s, false));
	ck_assert(!look(&s, false));
	/* Where it's asked for, too. */
	s.tree.listed = s.tree.dates[0].listed = clock_real() - SECONDS(1);
	ck_assert(look(&s, true));
	ck_assert_int_gt(s.tree.listed, clock_real() - SECONDS(1));
	ck_assert_int_gt(s.tree.dates[0].listed, clock_real() - SECONDS(1));
	/* A date that is gone by itself. */
	yard_fail(YARD_STAT, "2026-05-12", ENOENT);
	ck_assert(look(&s, false));
	remove_site(&s);
}
END_TEST

/* A listing holds where it began more than two seconds after the last change,
 * and for an hour. */
START_TEST(listings_hold)
{
	static const struct {
		timestamp changed, listed; /* ago */
		bool other, holds;
	} cases[] = {
	    {MINUTES(10), MINUTES(9), false, true},
	    {MINUTES(10), MINUTES(9), true, false},
	    {MINUTES(10), MINUTES(10) - SECONDS(2), false, false},
	    {MINUTES(10), MINUTES(10) - SECONDS(2) - 1, false, true},
	    {MINUTES(10), MINUTES(11), false, false},
	    {MINUTES(90), MINUTES(59), false, true},
	    {MINUTES(90), MINUTES(61), false, false},
	    {MINUTES(10), -MINUTES(5), false, false},
	};
	struct stat st = {.st_ino = 7, .st_size = 5};
	struct identity then;

	for (size_t i = 0; i < COUNT(cases); i++) {
		timestamp now = clock_real();

		st.st_ctim.tv_sec = (now - cases[i].changed) / NANOSECONDS_A_SECOND;
		st.st_ctim.tv_nsec = (now - cases[i].changed) % NANOSECONDS_A_SECOND;
		st.st_ino = 7;
		identity_of(&st, &then);
		st.st_ino = cases[i].other ? 8 : 7;
		ck_assert_msg(listing_holds(&then, now - cases[i].listed, &st) == cases[i].holds,
		    "case %zu", i);
	}
}
END_TEST

Suite *
tree_suite(void)
{
	Suite *suite = suite_create("tree");
	TCase *tcase = tcase_create("tree");

	tcase_add_test(tcase, directories_are_found);
	tcase_add_test(tcase, dates_are_in_order);
	tcase_add_test(tcase, strays_are_counted);
	tcase_add_test(tcase, what_goes_is_gone);
	tcase_add_test(tcase, a_date_that_is_no_directory);
	tcase_add_test(tcase, events_that_are_gone);
	tcase_add_test(tcase, what_cannot_be_read);
	tcase_add_test(tcase, what_goes_meanwhile);
	tcase_add_test(tcase, only_what_changed_is_listed);
	tcase_add_test(tcase, listings_hold);
	suite_add_tcase(suite, tcase);
	return suite;
}

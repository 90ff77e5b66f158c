#include "support.h"

#include <homelab/system.h>

#include <string.h>

/* --- pressures ------------------------------------------------------------------ */

struct judgement {
	enum pressure pressure;
	enum pressure_level before;
	double percent;
	enum pressure_level after;
};

/* Above a threshold at once; below it only by more than the margin. */
static const struct judgement judgements[] = {
    {PRESSURE_DISK, PRESSURE_NONE, 0, PRESSURE_NONE},
    {PRESSURE_DISK, PRESSURE_NONE, 79.99, PRESSURE_NONE},
    {PRESSURE_DISK, PRESSURE_NONE, 80, PRESSURE_WARNING},
    {PRESSURE_DISK, PRESSURE_NONE, 89.99, PRESSURE_WARNING},
    {PRESSURE_DISK, PRESSURE_NONE, 90, PRESSURE_HIGH},
    {PRESSURE_DISK, PRESSURE_NONE, 95, PRESSURE_CRITICAL},
    {PRESSURE_DISK, PRESSURE_NONE, 100, PRESSURE_CRITICAL},
    {PRESSURE_DISK, PRESSURE_WARNING, 78.01, PRESSURE_WARNING},
    {PRESSURE_DISK, PRESSURE_WARNING, 78, PRESSURE_NONE},
    {PRESSURE_DISK, PRESSURE_WARNING, 89, PRESSURE_WARNING},
    {PRESSURE_DISK, PRESSURE_HIGH, 88.5, PRESSURE_HIGH},
    {PRESSURE_DISK, PRESSURE_HIGH, 88, PRESSURE_WARNING},
    {PRESSURE_DISK, PRESSURE_CRITICAL, 93.5, PRESSURE_CRITICAL},
    {PRESSURE_DISK, PRESSURE_CRITICAL, 93, PRESSURE_HIGH},
    {PRESSURE_DISK, PRESSURE_CRITICAL, 10, PRESSURE_NONE},
    {PRESSURE_DISK, PRESSURE_CRITICAL, -1, PRESSURE_CRITICAL},
    {PRESSURE_MEMORY, PRESSURE_NONE, 80, PRESSURE_WARNING},
    {PRESSURE_MEMORY, PRESSURE_HIGH, 85.1, PRESSURE_HIGH},
    {PRESSURE_MEMORY, PRESSURE_HIGH, 85, PRESSURE_WARNING},
    {PRESSURE_CPU, PRESSURE_NONE, 97.9, PRESSURE_HIGH},
    {PRESSURE_CPU, PRESSURE_NONE, 98, PRESSURE_CRITICAL},
    {PRESSURE_CPU, PRESSURE_CRITICAL, 88.1, PRESSURE_CRITICAL},
    {PRESSURE_CPU, PRESSURE_CRITICAL, 88, PRESSURE_HIGH},
    {PRESSURE_CPU, PRESSURE_CRITICAL, 80, PRESSURE_WARNING},
    {PRESSURE_CPU, PRESSURE_CRITICAL, 70, PRESSURE_NONE},
};

START_TEST(pressures_change_with_hysteresis)
{
	const struct judgement *j = &judgements[_i];

	ck_assert_int_eq(pressure_judge(j->pressure, j->before, j->percent), j->after);
}
END_TEST

START_TEST(levels_are_known_by_their_names)
{
	ck_assert_ptr_null(pressure_level_names[PRESSURE_NONE]);
	for (int i = 0; i < PRESSURE_LEVEL_COUNT; i++)
		ck_assert_int_eq(pressure_level_of(pressure_level_names[i]), i);
	ck_assert_int_eq(pressure_level_of("full"), PRESSURE_NONE);
}
END_TEST

/* --- percentages ------------------------------------------------------------------ */

START_TEST(percentages_are_between_0_and_100_or_not_known)
{
	const struct cpu_times none = {0}, some = {30, 100}, later = {80, 200}, back = {20, 300};

	ck_assert_double_eq(cpu_percent(&none, &some), 30);
	ck_assert_double_eq(cpu_percent(&some, &later), 50);
	ck_assert_double_lt(cpu_percent(&some, &some), 0);
	ck_assert_double_lt(cpu_percent(&later, &some), 0);
	ck_assert_double_lt(cpu_percent(&later, &back), 0);
	ck_assert_double_eq(memory_percent(&(struct memory_reading){200, 50}), 75);
	ck_assert_double_eq(memory_percent(&(struct memory_reading){200, 300}), 0);
	ck_assert_double_lt(memory_percent(&(struct memory_reading){0, 0}), 0);
	/* 100 of 110 bytes that aren't root's alone */
	ck_assert_double_eq(disk_percent(&(struct disk_reading){200, 99, 11}), 90);
	ck_assert_double_lt(disk_percent(&(struct disk_reading){0, 0, 0}), 0);
}
END_TEST

/* --- what /proc says ---------------------------------------------------------------- */

START_TEST(the_first_line_of_stat_is_all_processors)
{
	struct cpu_times cpu = {7, 7};

	ck_assert(cpu_times_parse("cpu  100 1 20 800 50 3 2 4 90 9\ncpu0 1 1 1 1\n", &cpu));
	ck_assert_uint_eq(cpu.busy, 100 + 1 + 20 + 3 + 2 + 4);
	ck_assert_uint_eq(cpu.total, cpu.busy + 800 + 50);
	ck_assert(cpu_times_parse("cpu 1 2 3 4\n", &cpu));
	ck_assert_uint_eq(cpu.total, 10);
	for (int i = 0; i < 4; i++) {
		static const char *const bad[] = {"", "cpu0 1 2 3 4\n", "cpu 1 2 3\n", "cpu x\n"};

		ck_assert(!cpu_times_parse(bad[i], &cpu));
		ck_assert_uint_eq(cpu.total, 10);
	}
}
END_TEST

START_TEST(meminfo_says_what_could_be_had)
{
	struct memory_reading memory = {7, 7};

	ck_assert(
	    memory_parse("MemTotal:   1000 kB\nMemFree: 1 kB\nMemAvailable:   250 kB\n", &memory));
	ck_assert_uint_eq(memory.total, 1000 * 1024);
	ck_assert_uint_eq(memory.available, 250 * 1024);
	ck_assert(!memory_parse("MemTotal: 5 kB\n", &memory));
	ck_assert(!memory_parse("MemTotal: 0 kB\nMemAvailable: 0 kB\n", &memory));
	ck_assert(!memory_parse("XMemTotal: 5 kB\nMemAvailable: 1 kB\n", &memory));
	ck_assert(!memory_parse("MemTotal: x\nMemAvailable: 1 kB\n", &memory));
	ck_assert_uint_eq(memory.total, 1000 * 1024);
}
END_TEST

/* --- this machine --------------------------------------------------------------------- */

START_TEST(this_machine_tells_all)
{
	struct cpu_times cpu;
	struct memory_reading memory;
	struct disk_reading disk_;
	double load[3] = {-1, -1, -1};
	timestamp uptime = -1;
	char boot[BOOT_ID_SIZE], again[BOOT_ID_SIZE];

	ck_assert(system_cpu(&cpu) && cpu.total >= cpu.busy && cpu.total > 0);
	ck_assert(system_memory(&memory) && memory.total > memory.available);
	ck_assert(system_disk("/", &disk_) && disk_.size >= disk_.used);
	ck_assert(!system_disk("/nowhere", &disk_));
	ck_assert(system_load(load) && load[0] >= 0 && load[2] >= 0);
	ck_assert(system_uptime(&uptime) && uptime > 0);
	ck_assert(system_boot_id(boot) && system_boot_id(again));
	ck_assert_str_eq(boot, again);
	ck_assert_uint_gt(strlen(boot), 8);
}
END_TEST

Suite *
system_suite(void)
{
	Suite *suite = suite_create("system");
	TCase *c = tcase_create("system");

	tcase_add_loop_test(c, pressures_change_with_hysteresis, 0, COUNT(judgements));
	tcase_add_test(c, levels_are_known_by_their_names);
	tcase_add_test(c, percentages_are_between_0_and_100_or_not_known);
	tcase_add_test(c, the_first_line_of_stat_is_all_processors);
	tcase_add_test(c, meminfo_says_what_could_be_had);
	tcase_add_test(c, this_machine_tells_all);
	suite_add_tcase(suite, c);
	return suite;
}

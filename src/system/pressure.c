#include <homelab/system.h>

#include <string.h>

const char *const pressure_level_names[PRESSURE_LEVEL_COUNT] = {
    [PRESSURE_NONE] = NULL,
    [PRESSURE_WARNING] = "warning",
    [PRESSURE_HIGH] = "high",
    [PRESSURE_CRITICAL] = "critical",
};

/* In percent. A busy processor does its work; a full disk ends it. */
static const struct {
	double enter[PRESSURE_LEVEL_COUNT];
	double margin;
} thresholds[PRESSURE_COUNT] = {
    [PRESSURE_DISK] = {{[PRESSURE_WARNING] = 80, [PRESSURE_HIGH] = 90, [PRESSURE_CRITICAL] = 95},
	2},
    [PRESSURE_MEMORY] = {{[PRESSURE_WARNING] = 80, [PRESSURE_HIGH] = 90, [PRESSURE_CRITICAL] = 95},
	5},
    [PRESSURE_CPU] = {{[PRESSURE_WARNING] = 80, [PRESSURE_HIGH] = 90, [PRESSURE_CRITICAL] = 98},
	10},
};

enum pressure_level
pressure_level_of(const char *name)
{
	for (int level = PRESSURE_WARNING; name != NULL && level < PRESSURE_LEVEL_COUNT; level++)
		if (strcmp(name, pressure_level_names[level]) == 0)
			return (enum pressure_level)level;
	return PRESSURE_NONE;
}

enum pressure_level
pressure_judge(enum pressure pressure, enum pressure_level before, double percent)
{
	int level = PRESSURE_CRITICAL;

	if (percent < 0)
		return before;
	while (level > PRESSURE_NONE) {
		double enter = thresholds[pressure].enter[level];

		if (percent >= enter ||
		    ((int)before >= level && percent > enter - thresholds[pressure].margin))
			break;
		level--;
	}
	return (enum pressure_level)level;
}

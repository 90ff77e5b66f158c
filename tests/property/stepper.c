/*
 * An observer that stays, told on standard input what to do: a line is a command
 * line of homelab-observer, its words parted by U+001F, with "early" or "due" in
 * place of the program's name. Answers with the exit status, a line each.
 */

#include "../../src/observer/options.h"

#include <homelab/buffer.h>
#include <homelab/message.h>
#include <homelab/station.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

enum { LINE_MAX_LENGTH = 1 << 16, WORDS_MAX = 64 };

static struct station *station;

static int
split(char *line, char *words[WORDS_MAX])
{
	int count = 0;

	line[strcspn(line, "\n")] = '\0';
	for (char *word; count < WORDS_MAX - 1 && (word = strsep(&line, "\x1f")) != NULL;)
		words[count++] = word;
	words[count] = NULL;
	return count;
}

static int
step(const struct observer_command *c, bool early)
{
	struct error err = {0};
	json_t *changes = NULL;
	int status;

	if (station == NULL)
		station = station_new(&c->options);
	*station_options(station) = c->options;
	if (station_prepare(station, &err) < 0 || station_cycle(station, early, &err) < 0)
		status = err.status;
	else
		status = station_renew(station, &changes, &err);
	if (status != EX_OK)
		message_error("%s", err.text);
	json_decref(changes);
	return status;
}

int
main(void)
{
	/* What a station was told has to stay. */
	static struct observer_command command;
	static char lines[2][LINE_MAX_LENGTH];
	char *words[WORDS_MAX];
	unsigned turn = 0;

	message_init("stepper");
	memory_init();
	while (fgets(lines[turn % 2], LINE_MAX_LENGTH, stdin) != NULL) {
		int count = split(lines[turn++ % 2], words);

		optind = 1;
		if (count < 1 || observer_command_parse(&command, count, words, NULL) != 0)
			return EX_USAGE;
		(void)printf("%d\n", step(&command, strcmp(words[0], "early") == 0));
		(void)fflush(stdout);
	}
	station_free(station);
	return 0;
}

#ifndef FUZZ_H
#define FUZZ_H

/*
 * What the fuzz targets share. A target is one file that defines
 * LLVMFuzzerTestOneInput; it is built for libFuzzer, for AFL++ and with
 * driver.c, which runs each file of a corpus once. It aborts where a promise is
 * broken; that it doesn't crash is the least of them.
 */

#include <homelab/observer.h>
#include <homelab/partition.h>
#include <homelab/row.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HOLDS(promise) ((promise) ? (void)0 : fuzz_fail(#promise, __FILE__, __LINE__))
void fuzz_fail(const char *promise, const char *file, int line) __attribute__((noreturn));

bool same_bytes(const struct buffer *a, const struct buffer *b);

/* --- check.c: what holds of every event and state ------------------------- */

/* An event as the decoder hands it over: within the limits of E1 to E9, the
 * same after a trip through the journal. */
void check_event(const struct event *e);
/* Of a journal's row alone: packing what was unpacked is stable. */
void check_row(const struct row *row);
/* F11's limits; packing and unpacking is stable; it can be projected, and where
 * it's sound, made of decoded events, the documents are whole JSON. */
void check_partition(const struct partition *p, bool sound);
/* Some events of every effect, dated from `at` on. */
void fold_some(struct partition *p, timestamp at);

/* --- scratch.c: a place on disk, empty for each input ---------------------- */

/* The directory's path. Nothing in it is synced. */
const char *scratch_path(void);
int scratch_fd(void);
void scratch_clear(void);
void scratch_make_parents(const char *path);
/* Makes the directories above. */
void scratch_write(const char *path, const void *data, size_t size);

/* Gives every frame behind the first `start` bytes its right length and
 * checksum: fuzzers don't guess CRCs. */
void mend_frames(uint8_t *data, size_t size, size_t start);

/* --- trees.c: runs of the observer in the scratch directory ---------------- */

void options_of_scratch(struct observer_options *options, timestamp now);
/* A run that ends with a documented status, which is returned. */
int checked_run(const struct observer_options *options);
/* The documents, one after the other, and the summary less its observation;
 * each is whole JSON. False where there is no world. */
bool read_world(struct buffer *out);

#endif

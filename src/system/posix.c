/* What all systems tell alike. */

#include <homelab/system.h>

#include <stdlib.h>
#include <sys/statvfs.h>

bool
system_load(double out[3])
{
	double load[3];

	if (getloadavg(load, 3) != 3)
		return false;
	for (int i = 0; i < 3; i++)
		out[i] = load[i];
	return true;
}

bool
system_disk(const char *path, struct disk_reading *out)
{
	struct statvfs st;

	if (statvfs(path, &st) < 0 || st.f_blocks == 0 || st.f_bfree > st.f_blocks)
		return false;
	out->size = (uint64_t)st.f_blocks * st.f_frsize;
	out->used = (uint64_t)(st.f_blocks - st.f_bfree) * st.f_frsize;
	out->available = (uint64_t)st.f_bavail * st.f_frsize;
	return true;
}

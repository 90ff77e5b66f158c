#include <homelab/system.h>

/* Neither can be more than all, whatever a system says in between two readings. */
static double
percent_of(uint64_t part, uint64_t whole)
{
	if (whole == 0)
		return -1;
	return part >= whole ? 100 : 100 * (double)part / (double)whole;
}

double
cpu_percent(const struct cpu_times *before, const struct cpu_times *now)
{
	if (now->total <= before->total || now->busy < before->busy)
		return -1;
	return percent_of(now->busy - before->busy, now->total - before->total);
}

double
memory_percent(const struct memory_reading *memory)
{
	if (memory->available >= memory->total)
		return memory->total == 0 ? -1 : 0;
	return percent_of(memory->total - memory->available, memory->total);
}

double
disk_percent(const struct disk_reading *disk)
{
	return percent_of(disk->used, disk->used + disk->available);
}

#ifndef __linux__

#include <homelab/disk.h>
#include <homelab/system.h>

#include <stdio.h>
#include <sys/types.h>
#include <sys/sysctl.h>
#include <sys/time.h>

/* --- FreeBSD names what OpenBSD numbers --------------------------------------------- */

#ifdef __FreeBSD__
#include <sys/resource.h>

static bool
read_sysctl(const char *name, void *out, size_t size)
{
	size_t got = size;

	return sysctlbyname(name, out, &got, NULL, 0) == 0 && got == size;
}

static bool
read_boot_time(struct timeval *out)
{
	return read_sysctl("kern.boottime", out, sizeof(*out));
}

static bool
read_cpu(long out[CPUSTATES])
{
	return read_sysctl("kern.cp_time", out, CPUSTATES * sizeof(out[0]));
}

bool
system_memory(struct memory_reading *out)
{
	static const char *const names[] = {"vm.stats.vm.v_free_count",
	    "vm.stats.vm.v_inactive_count", "vm.stats.vm.v_laundry_count"};
	unsigned long total;
	unsigned pages, page, available = 0;

	if (!read_sysctl("hw.physmem", &total, sizeof(total)) ||
	    !read_sysctl("vm.stats.vm.v_page_size", &page, sizeof(page)))
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (read_sysctl(names[i], &pages, sizeof(pages)))
			available += pages;
	*out = (struct memory_reading){total, (uint64_t)available * page};
	return true;
}

#else
#include <sys/sched.h>
#include <uvm/uvmexp.h>

static bool
read_sysctl(int first, int second, void *out, size_t size)
{
	const int name[] = {first, second};
	size_t got = size;

	return sysctl(name, 2, out, &got, NULL, 0) == 0 && got == size;
}

static bool
read_boot_time(struct timeval *out)
{
	return read_sysctl(CTL_KERN, KERN_BOOTTIME, out, sizeof(*out));
}

static bool
read_cpu(long out[CPUSTATES])
{
	return read_sysctl(CTL_KERN, KERN_CPTIME, out, CPUSTATES * sizeof(out[0]));
}

bool
system_memory(struct memory_reading *out)
{
	struct uvmexp memory;

	if (!read_sysctl(CTL_VM, VM_UVMEXP, &memory, sizeof(memory)))
		return false;
	*out = (struct memory_reading){(uint64_t)memory.npages * (uint64_t)memory.pagesize,
	    (uint64_t)(memory.free + memory.inactive) * (uint64_t)memory.pagesize};
	return true;
}

#endif

bool
system_cpu(struct cpu_times *out)
{
	long ticks[CPUSTATES];

	if (!read_cpu(ticks))
		return false;
	*out = (struct cpu_times){0};
	for (int i = 0; i < CPUSTATES; i++) {
		out->total += (uint64_t)ticks[i];
		out->busy += i != CP_IDLE ? (uint64_t)ticks[i] : 0;
	}
	return true;
}

bool
system_uptime(timestamp *out)
{
	struct timeval booted;

	if (!read_boot_time(&booted))
		return false;
	*out = clock_real() - SECONDS(booted.tv_sec);
	return true;
}

/* To the minute: where the clock is set, the time of the boot moves with it. */
bool
system_boot_id(char out[BOOT_ID_SIZE])
{
	struct timeval booted;

	if (!read_boot_time(&booted))
		return false;
	(void)snprintf(out, BOOT_ID_SIZE, "boot-%lld", (long long)booted.tv_sec / 60);
	return true;
}

#endif
typedef int system_bsd; /* a file has to have something in it */

/* A libnvidia-ml.so.1 without a driver, so that the real nvidia-ml-py runs against made-up machines.
 *
 *   cc -shared -fPIC -Wl,-soname,libnvidia-ml.so.1 -o libnvidia-ml.so.1 nvml_stub.c
 *
 * $NVML_STUB names a scenario: one "key value" a line. "gpu NAME" begins a GPU, "mig NAME" a slice of the last GPU;
 * the keys after it belong to it. -DBEFORE_R510 leaves out what drivers before R510 do not export.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SUCCESS = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7,
       ARGUMENT_VERSION_MISMATCH = 25 };
enum { MOST = 16, MEMORY_V2 = 0x02000028 };
typedef int Return;
typedef unsigned long long Bytes;

typedef struct Gpu {
    char name[96], uuid[96], bus[32];
    int parent, handle_error, memory_error, cc_major, cc_minor;
    unsigned pci_device, mig_mode, memory_clock, core_clock, bus_width, cores, links, power, pcie_generation, pcie_lanes;
    unsigned gpu_instance, compute_instance, gap, processes;
    Bytes total, reserved, free, process_bytes[MOST];
} Gpu;

static Gpu gpus[MOST], slices[MOST];
static int gpu_count, slice_count, initialised, init_error, hang_init, hang_memory, crash_memory, cuda_version;
static char driver[80];

static void set(Gpu *gpu, const char *key, const char *value)
{
    Bytes number = strtoull(value, NULL, 0);
    if (!strcmp(key, "uuid")) snprintf(gpu->uuid, sizeof gpu->uuid, "%s", value);
    else if (!strcmp(key, "bus")) snprintf(gpu->bus, sizeof gpu->bus, "%s", value);
    else if (!strcmp(key, "cc")) sscanf(value, "%d.%d", &gpu->cc_major, &gpu->cc_minor);
    else if (!strcmp(key, "total")) gpu->total = number;
    else if (!strcmp(key, "reserved")) gpu->reserved = number;
    else if (!strcmp(key, "free")) gpu->free = number;
    else if (!strcmp(key, "process")) gpu->process_bytes[gpu->processes++] = strcmp(value, "hidden") ? number : ~0ULL;
    else if (!strcmp(key, "handle_error")) gpu->handle_error = (int)number;
    else if (!strcmp(key, "memory_error")) gpu->memory_error = (int)number;
    else if (!strcmp(key, "pci_device")) gpu->pci_device = (unsigned)number;
    else if (!strcmp(key, "mig_mode")) gpu->mig_mode = (unsigned)number;
    else if (!strcmp(key, "memory_clock")) gpu->memory_clock = (unsigned)number;
    else if (!strcmp(key, "core_clock")) gpu->core_clock = (unsigned)number;
    else if (!strcmp(key, "bus_width")) gpu->bus_width = (unsigned)number;
    else if (!strcmp(key, "cores")) gpu->cores = (unsigned)number;
    else if (!strcmp(key, "links")) gpu->links = (unsigned)number;
    else if (!strcmp(key, "power")) gpu->power = (unsigned)number;
    else if (!strcmp(key, "pcie_generation")) gpu->pcie_generation = (unsigned)number;
    else if (!strcmp(key, "pcie_lanes")) gpu->pcie_lanes = (unsigned)number;
    else if (!strcmp(key, "gpu_instance")) gpu->gpu_instance = (unsigned)number;
    else if (!strcmp(key, "compute_instance")) gpu->compute_instance = (unsigned)number;
    else if (!strcmp(key, "gap")) gpu->gap = (unsigned)number; /* unused MIG numbers before this slice */
    else { fprintf(stderr, "nvml_stub: unknown key %s\n", key); abort(); }
}

static void load(void)
{
    char line[256], *value;
    Gpu *current = NULL;
    const char *path = getenv("NVML_STUB");
    FILE *file = path ? fopen(path, "r") : NULL;
    if (!file) { init_error = 9; return; }
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        if (!line[0]) continue;
        value = strchr(line, ' ');
        if (value) *value++ = 0; else value = "";
        if (!strcmp(line, "gpu")) { current = &gpus[gpu_count++]; current->parent = -1; }
        else if (!strcmp(line, "mig")) { current = &slices[slice_count++]; current->parent = gpu_count - 1; }
        if (!strcmp(line, "gpu") || !strcmp(line, "mig")) snprintf(current->name, sizeof current->name, "%s", value);
        else if (!strcmp(line, "init")) init_error = atoi(value);
        else if (!strcmp(line, "driver")) snprintf(driver, sizeof driver, "%s", value);
        else if (!strcmp(line, "cuda")) cuda_version = atoi(value);
        else if (!strcmp(line, "hang")) { hang_init = !strcmp(value, "init"); hang_memory = !strcmp(value, "memory"); }
        else if (!strcmp(line, "crash")) crash_memory = 1;
        else set(current, line, value);
    }
    fclose(file);
}

Return nvmlInitWithFlags(unsigned flags)
{
    (void)flags;
    if (!initialised) load();
    while (hang_init) pause();
    if (!init_error) initialised = 1;
    return init_error;
}
Return nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
Return nvmlShutdown(void) { return initialised ? SUCCESS : UNINITIALIZED; }
const char *nvmlErrorString(Return code)
{
    switch (code) {
    case 3: return "Not Supported";
    case 4: return "Insufficient Permissions";
    case 9: return "Driver Not Loaded";
    case 15: return "GPU is lost";
    case 18: return "Driver/library version mismatch";
    default: return "Unknown Error";
    }
}

static Return number(unsigned value, unsigned *out) { if (!value) return NOT_SUPPORTED; *out = value; return SUCCESS; }
static Return text(const char *value, char *out, unsigned size)
{
    if (!value[0]) return NOT_SUPPORTED;
    snprintf(out, size, "%s", value);
    return SUCCESS;
}

Return nvmlSystemGetDriverVersion(char *out, unsigned size) { return text(driver, out, size); }
Return nvmlSystemGetCudaDriverVersion_v2(int *out) { return number((unsigned)cuda_version, (unsigned *)out); }
Return nvmlSystemGetCudaDriverVersion(int *out) { return nvmlSystemGetCudaDriverVersion_v2(out); }
Return nvmlDeviceGetCount_v2(unsigned *count)
{
    if (!initialised) return UNINITIALIZED;
    *count = (unsigned)gpu_count;
    return SUCCESS;
}
Return nvmlDeviceGetHandleByIndex_v2(unsigned index, Gpu **out)
{
    if ((int)index >= gpu_count) return INVALID_ARGUMENT;
    *out = &gpus[index];
    return gpus[index].handle_error;
}
Return nvmlDeviceGetName(Gpu *gpu, char *out, unsigned size) { return text(gpu->name, out, size); }
Return nvmlDeviceGetUUID(Gpu *gpu, char *out, unsigned size) { return text(gpu->uuid, out, size); }
Return nvmlDeviceGetCudaComputeCapability(Gpu *gpu, int *major, int *minor)
{
    if (!gpu->cc_major) return NOT_SUPPORTED;
    *major = gpu->cc_major;
    *minor = gpu->cc_minor;
    return SUCCESS;
}
typedef struct { char legacy[16]; unsigned domain, bus, device, pci_device, subsystem; char id[32]; } Pci;
Return nvmlDeviceGetPciInfo_v3(Gpu *gpu, Pci *out)
{
    if (!gpu->bus[0]) return NOT_SUPPORTED;
    memset(out, 0, sizeof *out);
    snprintf(out->id, sizeof out->id, "%s", gpu->bus);
    out->pci_device = gpu->pci_device;
    return SUCCESS;
}

typedef struct { Bytes total, free, used; } MemoryV1;
typedef struct { unsigned version; Bytes total, reserved, free, used; } MemoryV2;
static void trouble(void)
{
    while (hang_memory) pause();
    if (crash_memory) abort();
}
Return nvmlDeviceGetMemoryInfo(Gpu *gpu, MemoryV1 *out) /* here "used" contains what is reserved */
{
    trouble();
    out->total = gpu->total;
    out->free = gpu->free;
    out->used = gpu->total - gpu->free;
    return gpu->memory_error;
}
#ifndef BEFORE_R510
Return nvmlDeviceGetMemoryInfo_v2(Gpu *gpu, MemoryV2 *out) /* here it does not */
{
    trouble();
    if (out->version != MEMORY_V2) return ARGUMENT_VERSION_MISMATCH;
    out->total = gpu->total;
    out->reserved = gpu->reserved;
    out->free = gpu->free;
    out->used = gpu->total - gpu->reserved - gpu->free;
    return gpu->memory_error;
}
typedef struct { unsigned pid; Bytes used; unsigned gpu_instance, compute_instance; } Process;
Return nvmlDeviceGetComputeRunningProcesses_v3(Gpu *gpu, unsigned *count, Process *out)
{
    unsigned room = *count, index;
    *count = gpu->processes;
    if (!gpu->processes) return SUCCESS;
    if (!out || room < gpu->processes) return INSUFFICIENT_SIZE;
    for (index = 0; index < gpu->processes; index++) {
        memset(&out[index], 0, sizeof out[index]);
        out[index].pid = 1000 + index;
        out[index].used = gpu->process_bytes[index];
    }
    return SUCCESS;
}
Return nvmlDeviceGetGraphicsRunningProcesses_v3(Gpu *gpu, unsigned *count, Process *out)
{
    return nvmlDeviceGetComputeRunningProcesses_v3(gpu, count, out); /* the same processes, as X servers are in both */
}
#endif

Return nvmlDeviceGetMaxClockInfo(Gpu *gpu, int type, unsigned *out)
{
    return number(type == 2 ? gpu->memory_clock : type == 1 ? gpu->core_clock : 0, out);
}
Return nvmlDeviceGetMemoryBusWidth(Gpu *gpu, unsigned *out) { return number(gpu->bus_width, out); }
Return nvmlDeviceGetNumGpuCores(Gpu *gpu, unsigned *out) { return number(gpu->cores, out); }
Return nvmlDeviceGetPowerManagementLimit(Gpu *gpu, unsigned *out) { return number(gpu->power, out); }
Return nvmlDeviceGetMaxPcieLinkGeneration(Gpu *gpu, unsigned *out) { return number(gpu->pcie_generation, out); }
Return nvmlDeviceGetMaxPcieLinkWidth(Gpu *gpu, unsigned *out) { return number(gpu->pcie_lanes, out); }
Return nvmlDeviceGetNvLinkState(Gpu *gpu, unsigned link, unsigned *active)
{
    if (!gpu->links) return NOT_SUPPORTED;
    if (link >= gpu->links) return INVALID_ARGUMENT;
    *active = 1;
    return SUCCESS;
}

Return nvmlDeviceGetMigMode(Gpu *gpu, unsigned *current, unsigned *pending)
{
    if (gpu->cc_major < 8) return NOT_SUPPORTED;
    *current = *pending = gpu->mig_mode;
    return SUCCESS;
}
Return nvmlDeviceGetMaxMigDeviceCount(Gpu *gpu, unsigned *out) { *out = gpu->mig_mode ? 7 : 0; return SUCCESS; }
Return nvmlDeviceGetMigDeviceHandleByIndex(Gpu *gpu, unsigned index, Gpu **out)
{
    unsigned here = 0;
    for (int slice = 0; slice < slice_count; slice++) {
        if (slices[slice].parent != gpu - gpus) continue;
        here += slices[slice].gap;
        if (here++ == index) { *out = &slices[slice]; return SUCCESS; }
    }
    return NOT_FOUND;
}
Return nvmlDeviceGetGpuInstanceId(Gpu *gpu, unsigned *out) { *out = gpu->gpu_instance; return SUCCESS; }
Return nvmlDeviceGetComputeInstanceId(Gpu *gpu, unsigned *out) { *out = gpu->compute_instance; return SUCCESS; }

// A stand-in for the CUDA driver: device memory is the host's, kernels do nothing except ts_add, every call is written
// to a log. What it returns is told by the environment:
//   STANDIN_LOG     file to which calls are appended
//   STANDIN_FAIL    "NAME CODE NTH;..." makes the NTH and later calls of NAME return CODE
//   STANDIN_ATTR    "NUMBER=VALUE;..." device attributes
//   STANDIN_REFUSE  how images start that no device takes
//   STANDIN_VERSION version of the driver API, STANDIN_DEVICES number of devices
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>

static std::mutex lock;
static std::map<std::string, int> calls;
static std::map<void*, std::string> functions;
static uintptr_t next_handle = 0x1000;

static const char* setting(const char* name, const char* otherwise) {
  const char* value = getenv(name);
  return value ? value : otherwise;
}

static void write_log(const char* format, ...) {
  FILE* file = fopen(setting("STANDIN_LOG", "/dev/null"), "a");
  va_list arguments;
  va_start(arguments, format);
  vfprintf(file, format, arguments);
  va_end(arguments);
  fclose(file);
}

// Logs a call and returns the code that it was told to return.
static int called(const char* name, const char* detail = "") {
  std::lock_guard<std::mutex> hold(lock);
  int nth = ++calls[name];
  write_log("%s%s%s\n", name, *detail ? " " : "", detail);
  std::string rules = setting("STANDIN_FAIL", "");
  for (size_t from = 0; from < rules.size();) {
    size_t to = rules.find(';', from);
    if (to == std::string::npos) to = rules.size();
    char which[64];
    int code, first;
    if (sscanf(rules.substr(from, to - from).c_str(), "%63s %d %d", which, &code, &first) == 3 &&
        strcmp(which, name) == 0 && nth >= first)
      return code;
    from = to + 1;
  }
  return 0;
}

static void* handle() {
  std::lock_guard<std::mutex> hold(lock);
  return (void*)(next_handle += 16);
}

#define CALL(NAME)                  \
  do {                              \
    int code = called(NAME);        \
    if (code) return code;          \
  } while (0)

struct Copy2D {
  size_t srcX, srcY;
  int srcType;
  const void* srcHost;
  uintptr_t srcDevice;
  void* srcArray;
  size_t srcPitch;
  size_t dstX, dstY;
  int dstType;
  void* dstHost;
  uintptr_t dstDevice;
  void* dstArray;
  size_t dstPitch;
  size_t width, height;
};

static void run(void* function, void** extra, unsigned grid, unsigned block, unsigned shared) {
  const char* buffer = (const char*)extra[1];
  size_t size = *(size_t*)extra[3];
  std::string name = functions[function];
  char detail[200];
  snprintf(detail, sizeof detail, "%s grid %u block %u shared %u parameters %zu", name.c_str(), grid, block, shared,
           size);
  write_log("  %s\n", detail);
  if (name == "ts_add") {
    const float* a = *(const float**)buffer;
    const float* b = *(const float**)(buffer + 8);
    float* y = *(float**)(buffer + 16);
    int64_t elements = *(const int64_t*)(buffer + 152);
    for (int64_t i = 0; i < elements; i++) y[i] = a[i] + b[i];
  }
}

extern "C" {
int cuInit(unsigned) { return called("cuInit"); }
int cuDriverGetVersion(int* version) {
  CALL("cuDriverGetVersion");
  *version = atoi(setting("STANDIN_VERSION", "12080"));
  return 0;
}
int cuDeviceGetCount(int* count) {
  CALL("cuDeviceGetCount");
  *count = atoi(setting("STANDIN_DEVICES", "1"));
  return 0;
}
int cuDeviceGet(int* device, int ordinal) {
  CALL("cuDeviceGet");
  *device = ordinal;
  return 0;
}
int cuDeviceGetName(char* name, int length, int device) {
  CALL("cuDeviceGetName");
  snprintf(name, length, "stand-in %d", device);
  return 0;
}
static int uuid_of(char* uuid, int device) {
  CALL("cuDeviceGetUuid");
  for (int i = 0; i < 16; i++) uuid[i] = (char)(0xa0 + i);
  uuid[15] = (char)device;
  return 0;
}
int cuDeviceGetUuid(char* uuid, int device) { return uuid_of(uuid, device); }
int cuDeviceGetUuid_v2(char* uuid, int device) { return uuid_of(uuid, device); }
int cuDeviceTotalMem_v2(size_t* bytes, int) {
  CALL("cuDeviceTotalMem_v2");
  *bytes = 8ull << 30;
  return 0;
}
int cuDeviceGetAttribute(int* value, int attribute, int) {
  CALL("cuDeviceGetAttribute");
  std::string rules = std::string(";") + setting("STANDIN_ATTR", "") + ";";
  size_t at = rules.find(";" + std::to_string(attribute) + "=");
  if (at != std::string::npos) {
    *value = atoi(rules.c_str() + rules.find('=', at) + 1);
    return 0;
  }
  switch (attribute) {
    case 75: *value = 8; break;
    case 76: *value = 9; break;
    case 16: *value = 4; break;
    case 97: *value = 101376; break;
    case 8: *value = 49152; break;
    default: *value = 0;
  }
  return 0;
}
int cuDevicePrimaryCtxRetain(void** context, int) {
  CALL("cuDevicePrimaryCtxRetain");
  *context = handle();
  return 0;
}
int cuDevicePrimaryCtxRelease_v2(int) { return called("cuDevicePrimaryCtxRelease"); }
int cuCtxSetCurrent(void*) { return 0; }
int cuCtxSynchronize() { return called("cuCtxSynchronize"); }
int cuMemAlloc_v2(void** pointer, size_t bytes) {
  CALL("cuMemAlloc");
  *pointer = calloc(1, bytes);
  return 0;
}
int cuMemFree_v2(void* pointer) {
  CALL("cuMemFree");
  free(pointer);
  return 0;
}
int cuMemAllocAsync(void** pointer, size_t bytes, void*) {
  CALL("cuMemAllocAsync");
  *pointer = calloc(1, bytes);
  return 0;
}
int cuMemFreeAsync(void* pointer, void*) {
  CALL("cuMemFreeAsync");
  free(pointer);
  return 0;
}
int cuDeviceGetDefaultMemPool(void** pool, int) {
  CALL("cuDeviceGetDefaultMemPool");
  *pool = handle();
  return 0;
}
int cuMemPoolSetAttribute(void*, int attribute, void* value) {
  std::string detail = std::to_string(attribute) + " " + std::to_string(*(int64_t*)value);
  return called("cuMemPoolSetAttribute", detail.c_str());
}
int cuMemGetInfo_v2(size_t* free_bytes, size_t* total) {
  CALL("cuMemGetInfo");
  *free_bytes = 1 << 20;
  *total = 8ull << 30;
  return 0;
}
int cuMemHostAlloc(void** pointer, size_t bytes, unsigned) {
  CALL("cuMemHostAlloc");
  *pointer = calloc(1, bytes);
  return 0;
}
int cuMemFreeHost(void* pointer) {
  CALL("cuMemFreeHost");
  free(pointer);
  return 0;
}
int cuMemcpyHtoDAsync_v2(void* to, const void* from, size_t bytes, void*) {
  CALL("cuMemcpyHtoDAsync");
  memcpy(to, from, bytes);
  return 0;
}
int cuMemcpyDtoHAsync_v2(void* to, const void* from, size_t bytes, void*) {
  CALL("cuMemcpyDtoHAsync");
  memcpy(to, from, bytes);
  return 0;
}
int cuMemcpyDtoDAsync_v2(void* to, const void* from, size_t bytes, void*) {
  CALL("cuMemcpyDtoDAsync");
  memcpy(to, from, bytes);
  return 0;
}
int cuMemcpy2DAsync_v2(const Copy2D* copy, void*) {
  CALL("cuMemcpy2DAsync");
  const char* from = copy->srcType == 1 ? (const char*)copy->srcHost : (const char*)copy->srcDevice;
  char* to = copy->dstType == 1 ? (char*)copy->dstHost : (char*)copy->dstDevice;
  for (size_t row = 0; row < copy->height; row++)
    memcpy(to + row * copy->dstPitch, from + row * copy->srcPitch, copy->width);
  return 0;
}
int cuMemsetD8Async(void* to, unsigned char value, size_t count, void*) {
  CALL("cuMemsetD8Async");
  memset(to, value, count);
  return 0;
}
int cuMemsetD32Async(void* to, unsigned value, size_t count, void*) {
  CALL("cuMemsetD32Async");
  for (size_t i = 0; i < count; i++) ((unsigned*)to)[i] = value;
  return 0;
}
int cuStreamCreate(void** stream, unsigned flags) {
  int code = called("cuStreamCreate", flags == 1 ? "non-blocking" : "blocking");
  if (code) return code;
  *stream = handle();
  return 0;
}
int cuStreamDestroy_v2(void*) { return called("cuStreamDestroy"); }
int cuStreamSynchronize(void*) { return called("cuStreamSynchronize"); }
int cuStreamQuery(void*) { return called("cuStreamQuery"); }
int cuStreamWaitEvent(void*, void*, unsigned) { return called("cuStreamWaitEvent"); }
int cuEventCreate(void** event, unsigned) {
  CALL("cuEventCreate");
  *event = handle();
  return 0;
}
int cuEventDestroy_v2(void*) { return called("cuEventDestroy"); }
int cuEventRecord(void*, void*) { return called("cuEventRecord"); }
int cuEventQuery(void*) { return called("cuEventQuery"); }
int cuEventSynchronize(void*) { return called("cuEventSynchronize"); }
static int elapsed(float* milliseconds) {
  CALL("cuEventElapsedTime");
  *milliseconds = 1.5f;
  return 0;
}
int cuEventElapsedTime(float* milliseconds, void*, void*) { return elapsed(milliseconds); }
int cuEventElapsedTime_v2(float* milliseconds, void*, void*) { return elapsed(milliseconds); }
// The linker gives what it was given back, as an image that starts with "cubin".
int cuLinkCreate_v2(unsigned count, int* options, void** values, void** state) {
  CALL("cuLinkCreate");
  for (unsigned i = 0; i < count; i++)
    if (options[i] == 5) snprintf((char*)values[i], 32, "line 9 makes no sense");
  *state = new std::string("cubin: ");
  return 0;
}
int cuLinkAddData_v2(void* state, int type, const char* data, size_t bytes, const char*, unsigned, int*, void**) {
  std::string detail = std::to_string(type) + " " + std::string(data, 12);
  int code = called("cuLinkAddData", detail.c_str());
  if (code) return code;
  ((std::string*)state)->append(data, bytes);
  return 0;
}
int cuLinkComplete(void* state, const void** cubin, size_t* bytes) {
  CALL("cuLinkComplete");
  *cubin = ((std::string*)state)->data();
  *bytes = ((std::string*)state)->size();
  return 0;
}
int cuLinkDestroy(void* state) {
  delete (std::string*)state;
  return called("cuLinkDestroy");
}
int cuModuleLoadDataEx(void** module, const void* image, unsigned count, const int* options, void** values) {
  std::string start((const char*)image, 12);
  int code = called("cuModuleLoadDataEx", start.c_str());
  const char* refused = getenv("STANDIN_REFUSE");
  if (!code && refused && start.rfind(refused, 0) == 0) code = 209;
  for (unsigned i = 0; code && i < count; i++)
    if (options[i] == 5) snprintf((char*)values[i], 32, "line 7 makes no sense");
  if (code) return code;
  *module = handle();
  return 0;
}
int cuModuleUnload(void*) { return called("cuModuleUnload"); }
int cuModuleGetFunction(void** function, void*, const char* name) {
  int code = called("cuModuleGetFunction", name);
  if (code) return code;
  *function = handle();
  functions[*function] = name;
  return 0;
}
int cuFuncGetAttribute(int* value, int attribute, void*) {
  CALL("cuFuncGetAttribute");
  *value = 100 + attribute;
  return 0;
}
int cuFuncSetAttribute(void*, int attribute, int value) {
  std::string detail = std::to_string(attribute) + " " + std::to_string(value);
  return called("cuFuncSetAttribute", detail.c_str());
}
int cuLaunchKernel(void* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, void*, void**, void** extra) {
  CALL("cuLaunchKernel");
  run(function, extra, gx * gy * gz, bx * by * bz, shared);
  return 0;
}
struct LaunchConfig {
  unsigned gx, gy, gz, bx, by, bz, shared;
  void* stream;
  const char* attributes;
  unsigned count;
};
int cuLaunchKernelEx(const LaunchConfig* config, void* function, void**, void** extra) {
  std::string detail = "attributes";
  for (unsigned i = 0; i < config->count; i++) {
    const int* attribute = (const int*)(config->attributes + 72 * i);
    detail += " " + std::to_string(attribute[0]) + ":" + std::to_string(attribute[2]);
  }
  int code = called("cuLaunchKernelEx", detail.c_str());
  if (code) return code;
  run(function, extra, config->gx * config->gy * config->gz, config->bx * config->by * config->bz, config->shared);
  return 0;
}
int cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void*, int threads, size_t) {
  CALL("cuOccupancyMaxActiveBlocksPerMultiprocessor");
  *blocks = 2048 / threads;
  return 0;
}
int cuTensorMapEncodeTiled(void* map, int type, unsigned rank, void*, const uint64_t* extents, const uint64_t* strides,
                           const unsigned* box, const unsigned* steps, int, int swizzle, int, int) {
  std::string detail = std::to_string(type) + " " + std::to_string(rank) + " " + std::to_string(extents[1]) + " " +
                       std::to_string(strides[0]) + " " + std::to_string(box[1]) + " " + std::to_string(steps[0]) +
                       " " + std::to_string(swizzle);
  int code = called("cuTensorMapEncodeTiled", detail.c_str());
  if (code) return code;
  memset(map, 0x5a, 128);
  return 0;
}
int cuGetErrorName(int code, const char** name) {
  *name = code == 2 ? "CUDA_ERROR_OUT_OF_MEMORY" : code == 700 ? "CUDA_ERROR_ILLEGAL_ADDRESS" : "CUDA_ERROR_OTHER";
  return 0;
}
int cuGetErrorString(int code, const char** text) {
  *text = code == 2 ? "out of memory" : "as it was told";
  return 0;
}
}

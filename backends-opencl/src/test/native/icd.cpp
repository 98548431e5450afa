// A stand-in for an OpenCL driver with a device or two: their memory is the host's, kernels do nothing. What it answers is
// told by the environment:
//   STANDIN_FAIL       "NAME CODE NTH;..." makes the NTH and later calls of NAME answer CODE
//   STANDIN_AVAILABLE  0 for a device that is in use
//   STANDIN_BUILD_MS   how long a build takes
//   STANDIN_DEVICES    how many devices there are, 1 or 2
//   STANDIN_MOVED      the number of the clGetDeviceIDs call from which on they come in the other order
//   STANDIN_IDENTITY   what tells the devices apart: uuid or pci
//   STANDIN_HANG       a call that never returns
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <vector>

typedef int32_t cl_int;
typedef uint32_t cl_uint;
typedef uint64_t cl_ulong;

extern void* dispatch[];

// What the loader sees of every object: a table of functions first.
struct object {
  void** table = dispatch;
  std::vector<char> bytes;
};

static object platform, devices[2];
static std::mutex lock;
static std::map<std::string, int> calls;

static const char* setting(const char* name, const char* otherwise) {
  const char* value = getenv(name);
  return value ? value : otherwise;
}

// Counts a call and returns the code that it was told to answer.
static cl_int called(const char* name) {
  while (!strcmp(name, setting("STANDIN_HANG", ""))) pause();
  std::lock_guard<std::mutex> hold(lock);
  int nth = ++calls[name];
  std::string rules = setting("STANDIN_FAIL", "");
  for (size_t from = 0; from < rules.size();) {
    size_t to = std::min(rules.find(';', from), rules.size());
    char which[64];
    int code, first;
    if (sscanf(rules.substr(from, to - from).c_str(), "%63s %d %d", which, &code, &first) == 3 &&
        !strcmp(which, name) && nth >= first)
      return code;
    from = to + 1;
  }
  return 0;
}

static cl_int give(const void* value, size_t bytes, size_t size, void* to, size_t* needed) {
  if (needed) *needed = bytes;
  if (to && size < bytes) return -30;
  if (to) memcpy(to, value, bytes);
  return 0;
}
static cl_int text(const char* value, size_t size, void* to, size_t* needed) {
  return give(value, strlen(value) + 1, size, to, needed);
}
template <typename T>
static cl_int number(T value, size_t size, void* to, size_t* needed) {
  return give(&value, sizeof value, size, to, needed);
}

static object* create(const char* name, cl_int* status, size_t bytes = 0) {
  *status = called(name);
  if (*status) return nullptr;
  object* made = new object;
  made->bytes.resize(bytes);
  return made;
}
static cl_int release(object* any) {
  delete any;
  return 0;
}
static cl_int keep(object*) { return 0; }
static cl_int enqueue(const char* name, object** event) {
  cl_int status = called(name);
  if (!status && event) *event = new object;
  return status;
}

static cl_int platformInfo(object*, cl_uint what, size_t size, void* to, size_t* needed) {
  switch (what) {
    case 0x0902: return text("Stand-in", size, to, needed);
    case 0x0901: return text("OpenCL 1.2 stand-in", size, to, needed);
    case 0x0904: return text("cl_khr_icd", size, to, needed);
    case 0x0920: return text("STANDIN", size, to, needed);
    default: return text("FULL_PROFILE", size, to, needed);
  }
}
static cl_int deviceIds(object*, cl_ulong, cl_uint entries, object** to, cl_uint* count) {
  cl_int status = called("clGetDeviceIDs");
  if (status) return status;
  cl_uint there = atoi(setting("STANDIN_DEVICES", "1"));
  int moved = calls["clGetDeviceIDs"] >= atoi(setting("STANDIN_MOVED", "1000000"));
  if (count) *count = there;
  for (cl_uint i = 0; to && i < entries && i < there; i++) to[i] = devices + (moved ? there - 1 - i : i);
  return 0;
}
static bool identified(const char* by) { return !strcmp(setting("STANDIN_IDENTITY", ""), by); }
static cl_int deviceInfo(object* any, cl_uint what, size_t size, void* to, size_t* needed) {
  cl_uint number_of_it = any - devices;
  cl_uint uuid[4] = {7, 8, 9, number_of_it}, pci[4] = {0, 0x4b, number_of_it, 1};
  switch (what) {
    case 0x1000: return number<cl_ulong>(4, size, to, needed);  // a GPU
    case 0x1002: return number<cl_uint>(4, size, to, needed);
    case 0x1004: return number<size_t>(256, size, to, needed);
    case 0x1010: return number<cl_ulong>(1 << 20, size, to, needed);  // largest buffer
    case 0x101F: return number<cl_ulong>(4 << 20, size, to, needed);
    case 0x1023: return number<cl_ulong>(32 << 10, size, to, needed);
    case 0x101B: return number<cl_ulong>(0x87, size, to, needed);
    case 0x1026:
    case 0x1028: return number<cl_uint>(1, size, to, needed);
    case 0x1027: return number<cl_uint>(atoi(setting("STANDIN_AVAILABLE", "1")), size, to, needed);
    case 0x102B: return text("Stand-in 0", size, to, needed);
    case 0x102C: return text("Nobody", size, to, needed);
    case 0x102D: return text("1.0", size, to, needed);
    case 0x102E: return text("FULL_PROFILE", size, to, needed);
    case 0x102F: return text("OpenCL 1.2 stand-in", size, to, needed);
    case 0x1030:
      return text(identified("uuid") ? "cl_khr_device_uuid" : identified("pci") ? "cl_khr_pci_bus_info" : "", size, to, needed);
    case 0x103D: return text("OpenCL C 1.2 stand-in", size, to, needed);
    case 0x106A: return give(uuid, sizeof uuid, size, to, needed);
    case 0x410F: return give(pci, sizeof pci, size, to, needed);
    default: return -30;
  }
}
static object* createContext(const intptr_t*, cl_uint, object* const*, void*, void*, cl_int* status) {
  return create("clCreateContext", status);
}
static object* createQueue(object*, object*, cl_ulong, cl_int* status) {
  return create("clCreateCommandQueue", status);
}
static object* createBuffer(object*, cl_ulong, size_t bytes, void*, cl_int* status) {
  return create("clCreateBuffer", status, bytes);
}
static object* programWithSource(object*, cl_uint, const char**, const size_t*, cl_int* status) {
  return create("clCreateProgramWithSource", status);
}
static object* programWithBinary(
    object*, cl_uint, object* const*, const size_t*, const unsigned char**, cl_int*, cl_int* status) {
  return create("clCreateProgramWithBinary", status);
}
static cl_int buildProgram(object*, cl_uint, object* const*, const char*, void*, void*) {
  usleep(1000 * atoi(setting("STANDIN_BUILD_MS", "0")));
  return called("clBuildProgram");
}
static cl_int programInfo(object*, cl_uint what, size_t size, void* to, size_t* needed) {
  if (what == 0x1165) return number<size_t>(4, size, to, needed);
  if (what == 0x1166) {
    memcpy(*(void**)to, "code", 4);
    return 0;
  }
  return -30;
}
static cl_int buildInfo(object*, object*, cl_uint, size_t size, void* to, size_t* needed) {
  return text("line 7: the log", size, to, needed);
}
static object* createKernel(object*, const char*, cl_int* status) { return create("clCreateKernel", status); }
static cl_int setArgument(object*, cl_uint, size_t, const void*) { return called("clSetKernelArg"); }
static cl_int groupInfo(object*, object*, cl_uint what, size_t size, void* to, size_t* needed) {
  if (what == 0x11B1) return give(new size_t[3](), 3 * sizeof(size_t), size, to, needed);
  return number<size_t>(256, size, to, needed);
}
static cl_int waitForEvents(cl_uint, object* const*) { return called("clWaitForEvents"); }
static cl_int eventInfo(object*, cl_uint, size_t size, void* to, size_t* needed) {
  return number<cl_int>(called("status"), size, to, needed);
}
static cl_int profile(object*, cl_uint, size_t size, void* to, size_t* needed) {
  return number<cl_ulong>(1000, size, to, needed);
}
static cl_int flush(object*) { return 0; }
static cl_int readBuffer(
    object*, object* buffer, cl_uint, size_t at, size_t bytes, void* to, cl_uint, object* const*, object** event) {
  memcpy(to, buffer->bytes.data() + at, bytes);
  return enqueue("clEnqueueReadBuffer", event);
}
static cl_int writeBuffer(object*, object* buffer, cl_uint, size_t at, size_t bytes, const void* from, cl_uint,
                          object* const*, object** event) {
  memcpy(buffer->bytes.data() + at, from, bytes);
  return enqueue("clEnqueueWriteBuffer", event);
}
static void* mapBuffer(object*, object* buffer, cl_uint, cl_ulong, size_t at, size_t, cl_uint, object* const*,
                       object**, cl_int* status) {
  *status = called("clEnqueueMapBuffer");
  return *status ? nullptr : buffer->bytes.data() + at;
}
static cl_int unmap(object*, object*, void*, cl_uint, object* const*, object**) { return 0; }
static cl_int launch(object*, object*, cl_uint, const size_t*, const size_t*, const size_t*, cl_uint, object* const*,
                     object** event) {
  return enqueue("clEnqueueNDRangeKernel", event);
}

static cl_int platformIds(cl_uint entries, object** to, cl_uint* count) {
  cl_int status = called("clIcdGetPlatformIDsKHR");
  if (status) return status;
  if (count) *count = 1;
  if (to && entries) *to = &platform;
  return 0;
}

// Places of the table are those of cl_icd.h.
void* dispatch[200];
static int fill() {
  struct {
    int place;
    void* function;
  } all[] = {{1, (void*)platformInfo},   {2, (void*)deviceIds},      {3, (void*)deviceInfo},
             {4, (void*)createContext},  {7, (void*)release},        {9, (void*)createQueue},
             {11, (void*)release},       {14, (void*)createBuffer},  {17, (void*)keep},
             {18, (void*)release},       {26, (void*)programWithSource}, {27, (void*)programWithBinary},
             {29, (void*)release},       {30, (void*)buildProgram},  {32, (void*)programInfo},
             {33, (void*)buildInfo},     {34, (void*)createKernel},  {37, (void*)release},
             {38, (void*)setArgument},   {40, (void*)groupInfo},     {41, (void*)waitForEvents},
             {42, (void*)eventInfo},     {43, (void*)keep},          {44, (void*)keep},
             {45, (void*)profile},       {46, (void*)flush},         {47, (void*)flush},
             {48, (void*)readBuffer},    {49, (void*)writeBuffer},   {56, (void*)mapBuffer},
             {58, (void*)unmap},         {59, (void*)launch}};
  for (auto& each : all) dispatch[each.place] = each.function;
  return 0;
}
static int filled = fill();

extern "C" void* clGetExtensionFunctionAddress(const char* name) {
  return !strcmp(name, "clIcdGetPlatformIDsKHR") ? (void*)platformIds : nullptr;
}
extern "C" cl_int clIcdGetPlatformIDsKHR(cl_uint entries, object** to, cl_uint* count) {
  return platformIds(entries, to, count);
}
extern "C" cl_int clGetPlatformInfo(object* any, cl_uint what, size_t size, void* to, size_t* needed) {
  return platformInfo(any, what, size, to, needed);
}

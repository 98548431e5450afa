// A plugin of Oclgrind that says how the work-items of a group reach global memory together.
//
// Thirty-two neighbours of a group are taken as one that runs in step: the n-th time that each of them
// executes an instruction that touches global memory is one request. A request fetches whole segments of
// 64 bytes. The line of a launch counts requests, segments and the distinct bytes that were asked for,
// for loads and for stores; bytes / (64 * segments) is the share of what is fetched that is used. Where
// neighbours part at a branch, a loop's n-th turn need not be the same moment on a device.
//
// Build: c++ -shared -fPIC -fno-rtti, with the headers of Oclgrind and OpenCL. Run: OCLGRIND_PLUGINS names the
// library, OCLGRIND_ACCESS_TRACE the file that gets a line per launch.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>

#include "Context.h"
#include "KernelInvocation.h"
#include "Memory.h"
#include "Plugin.h"
#include "WorkGroup.h"
#include "WorkItem.h"

// Kernel.h needs the headers of LLVM; this is all that is used of it.
class oclgrind::Kernel {
 public:
  const std::string& getName() const;
};

namespace {

constexpr size_t kStep = 32;
constexpr size_t kSegment = 64;

struct Counts {
  uint64_t requests = 0, segments = 0, bytes = 0;
};

// Who asks: neighbours, instruction, how often it ran before.
using Request = std::tuple<size_t, const void*, uint64_t>;
// Segments, and a bit for each of their bytes that was asked for: a set of bytes would take most of the run.
using Bytes = std::unordered_map<size_t, uint64_t>;

class AccessTrace : public oclgrind::Plugin {
 public:
  explicit AccessTrace(const oclgrind::Context* context) : Plugin(context) {}

  bool isThreadSafe() const override { return false; }

  void kernelBegin(const oclgrind::KernelInvocation*) override { loads_ = stores_ = Counts(); }

  void kernelEnd(const oclgrind::KernelInvocation* invocation) override {
    const char* file = std::getenv("OCLGRIND_ACCESS_TRACE");
    if (file == nullptr) {
      return;
    }
    std::ofstream out(file, std::ios::app);
    out << invocation->getKernel()->getName();
    for (const Counts& c : {loads_, stores_}) {
      out << ' ' << c.requests << ' ' << c.segments << ' ' << c.bytes;
    }
    out << '\n';
  }

  void memoryLoad(const oclgrind::Memory* memory, const oclgrind::WorkItem* item, size_t address,
                  size_t size) override {
    note(open_loads_, memory, item, address, size);
  }

  void memoryStore(const oclgrind::Memory* memory, const oclgrind::WorkItem* item, size_t address,
                   size_t size, const uint8_t*) override {
    note(open_stores_, memory, item, address, size);
  }

  void workGroupComplete(const oclgrind::WorkGroup*) override {
    settle(open_loads_, loads_);
    settle(open_stores_, stores_);
    times_.clear();
  }

 private:
  void note(std::map<Request, Bytes>& open, const oclgrind::Memory* memory,
            const oclgrind::WorkItem* item, size_t address, size_t size) {
    if (memory->getAddressSpace() != oclgrind::AddrSpaceGlobal) {
      return;
    }
    size_t local = item->getLocalID().x;
    const void* instruction = item->getCurrentInstruction();
    uint64_t time = times_[local][instruction]++;
    Bytes& bytes = open[Request(local / kStep, instruction, time)];
    for (size_t at = address; at < address + size;) {
      size_t first = at % kSegment;
      size_t count = std::min(kSegment - first, address + size - at);
      uint64_t mask = count == kSegment ? ~uint64_t{0} : ((uint64_t{1} << count) - 1) << first;
      bytes[at / kSegment] |= mask;
      at += count;
    }
  }

  static void settle(std::map<Request, Bytes>& open, Counts& counts) {
    for (const auto& [request, bytes] : open) {
      counts.requests++;
      counts.segments += bytes.size();
      for (const auto& [segment, mask] : bytes) {
        counts.bytes += static_cast<uint64_t>(__builtin_popcountll(mask));
      }
    }
    open.clear();
  }

  Counts loads_, stores_;
  std::map<Request, Bytes> open_loads_, open_stores_;
  std::unordered_map<size_t, std::unordered_map<const void*, uint64_t>> times_;
};

AccessTrace* trace = nullptr;

}  // namespace

extern "C" void initializePlugins(oclgrind::Context* context) {
  trace = new AccessTrace(context);
  context->registerPlugin(trace);
}

extern "C" void releasePlugins(oclgrind::Context* context) {
  context->unregisterPlugin(trace);
  delete trace;
  trace = nullptr;
}

/// The part of the CUDA runtime API that unmask uses, executed by the host.
///
/// Work is lazy: a kernel, copy or collective runs when somebody synchronizes, and of several
/// streams any one that is ready may go first. What a program forgot to order is seen out of order.

#include <cuda_runtime_api.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <random>
#include <utility>

#include "emulation/counters.h"
#include "emulation/device.h"
#include "emulation/faults.h"
#include "emulation/gpu_settings.h"
#include "emulation/sanitizers.h"
#include "emulation/simt.h"

using namespace unmask::emulation;

struct CUgraph_st {
  std::vector<NodePtr> nodes;         // in the order of capture; `after` names nodes of this graph
  std::vector<cudaStream_t> streams;  // being captured into it
};
struct CUgraphExec_st {
  std::vector<NodePtr> nodes;
};
struct CUevent_st {
  // Of the device's time, when the work before it was done; kept by that work, too.
  std::shared_ptr<double> micros;
  NodePtr node;                   // what the event waits for, null before the first record
  CUgraph_st* capture = nullptr;  // the graph this was recorded into
};
struct CUstream_st {
  std::vector<NodePtr> tail;  // what the next work comes after
  CUgraph_st* capture = nullptr;
  bool is_capture_origin = false;
};

namespace unmask::emulation {

void host_error(const std::string& what) {
  std::fprintf(stderr, "CUDA host error: %s\n", what.c_str());
  std::abort();
}

namespace {

struct Block {
  std::size_t bytes;
  Memory kind;
  int gpu;  // whose memory it is, if it is a GPU's
};

struct AtomicCounters {
  std::atomic<std::uint64_t> launches, graph_launches, uploads, downloads, waits, events,
      allocations, frees, memsets, products;
};
AtomicCounters& counted() {
  static AtomicCounters instance;
  return instance;
}

/// The device: its memory and the work not done yet. One mutex, because one host thread at a time
/// plays the GPU for all streams of all emulated devices.
struct Device {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::uintptr_t, Block> blocks;
  std::map<int, std::size_t> used;  // bytes of each GPU
  std::mutex blocks_mutex;
  std::vector<NodePtr> pending;
  std::uint64_t num_submitted = 0;
  std::mt19937_64 random{1};
  double micros = 0;  // that work has taken, by what it says
};
Device& device() {
  static Device instance;
  return instance;
}

/// Device memory may be touched only while one of these lives.
class DeviceIsRunning {
 public:
  DeviceIsRunning() { each(allow); }
  ~DeviceIsRunning() { each(forbid); }

 private:
  static void each(void (*change)(const void*, std::size_t)) {
    const std::lock_guard lock(device().blocks_mutex);
    for (const auto& [address, block] : device().blocks) {
      if (block.kind == Memory::kDevice) change(reinterpret_cast<void*>(address), block.bytes);
    }
  }
};

/// Runs one ready node. False if none could make progress.
bool run_one() {
  Device& d = device();
  std::vector<NodePtr> ready;
  for (const NodePtr& node : d.pending) {
    std::erase_if(node->after, [](const NodePtr& before) { return before->done; });
    if (node->after.empty()) ready.push_back(node);
  }
  if (schedule_seed() == 1) std::reverse(ready.begin(), ready.end());
  if (schedule_seed() > 1) std::shuffle(ready.begin(), ready.end(), d.random);
  for (const NodePtr& node : ready) {
    if (!node->run()) continue;
    node->done = true;
    std::erase(d.pending, node);
    d.changed.notify_all();
    return true;
  }
  return false;
}

void run_until(std::vector<NodePtr> targets) {
  Device& d = device();
  std::unique_lock lock(d.mutex);
  const auto is_done = [&] {
    return std::ranges::all_of(targets, [](const NodePtr& node) { return node->done; });
  };
  // What a node waits for may come from another process, which wakes nobody here.
  constexpr std::chrono::milliseconds kLook{2}, kHang{20'000};
  std::chrono::milliseconds idle{0};
  while (!is_done()) {
    bool progress = false;
    {
      const DeviceIsRunning scope;
      while (!is_done() && run_one()) progress = true;
    }
    if (progress) idle = {};
    if (progress || is_done()) continue;
    const std::uint64_t seen = d.num_submitted;
    const bool moved =
        d.changed.wait_for(lock, kLook, [&] { return d.num_submitted != seen || is_done(); });
    idle = moved ? std::chrono::milliseconds(0) : idle + kLook;
    if (idle > kHang) {
      std::string names;
      for (const NodePtr& node : d.pending) names += std::string(" ") + node->name;
      host_error("the device hangs; work that cannot start:" + names);
    }
  }
}

void submit(const NodePtr& node) {
  Device& d = device();
  const std::lock_guard lock(d.mutex);
  node->device = current_gpu();
  d.pending.push_back(node);
  ++d.num_submitted;
  d.changed.notify_all();
}

/// Of this thread's device.
std::vector<NodePtr> all_pending() {
  const std::lock_guard lock(device().mutex);
  std::vector<NodePtr> nodes;
  for (const NodePtr& node : device().pending) {
    if (node->device == current_gpu()) nodes.push_back(node);
  }
  return nodes;
}

/// Of this thread, until it is taken.
thread_local cudaError_t t_last_error = cudaSuccess;

/// Notes `error`, if it is one, as the runtime does.
cudaError_t noted(cudaError_t error) {
  if (error != cudaSuccess) t_last_error = error;
  return error;
}

/// What the call that begins fails with, if it does.
cudaError_t fault(FaultPoint point = FaultPoint::kOther) { return noted(next_fault(point)); }

void need_no_capture(cudaStream_t stream, const char* call) {
  if (stream && stream->capture) host_error(std::string(call) + " on a stream being captured");
}
void need_stream(cudaStream_t stream, const char* call) {
  if (!stream) host_error(std::string(call) + " on the default stream; give it a stream");
}

void count_copy(const void* to, const void* from) {
  if (memory_kind(to) != Memory::kDevice) ++counted().downloads;
  if (memory_kind(from) != Memory::kDevice) ++counted().uploads;
}
void copy(void* to, const void* from, std::size_t bytes) {
  count_copy(to, from);
  if (bytes > 0) std::memmove(to, from, bytes);  // which takes no null pointer even for nothing
}

}  // namespace

void* allocate(std::size_t bytes, Memory kind) {
  ++counted().allocations;
  const int gpu = current_gpu();
  if (kind == Memory::kDevice) {
    const std::lock_guard lock(device().blocks_mutex);
    std::size_t& used = device().used[gpu];
    if (bytes > gpu_settings().memory - used) return nullptr;
    used += bytes;
  }
  void* data = nullptr;
  if (posix_memalign(&data, 256, bytes) != 0) return nullptr;
  std::memset(data, 0xFF, bytes);
  const std::lock_guard lock(device().blocks_mutex);
  device().blocks[reinterpret_cast<std::uintptr_t>(data)] = {bytes, kind, gpu};
  if (kind == Memory::kDevice) forbid(data, bytes);
  return data;
}

bool deallocate(void* data, Memory kind) {
  ++counted().frees;
  {
    const std::lock_guard lock(device().blocks_mutex);
    const auto it = device().blocks.find(reinterpret_cast<std::uintptr_t>(data));
    if (it == device().blocks.end() || it->second.kind != kind) return false;
    allow(data, it->second.bytes);
    if (kind == Memory::kDevice) device().used[it->second.gpu] -= it->second.bytes;
    device().blocks.erase(it);
  }
  std::free(data);
  return true;
}

std::size_t bytes_after(const void* data) {
  const std::lock_guard lock(device().blocks_mutex);
  const auto address = reinterpret_cast<std::uintptr_t>(data);
  auto it = device().blocks.upper_bound(address);
  if (it == device().blocks.begin()) return 0;
  --it;
  return address < it->first + it->second.bytes ? it->first + it->second.bytes - address : 0;
}

Memory memory_kind(const void* data) {
  if (bytes_after(data) == 0) return Memory::kPageable;
  const std::lock_guard lock(device().blocks_mutex);
  return std::prev(device().blocks.upper_bound(reinterpret_cast<std::uintptr_t>(data)))
      ->second.kind;
}

void enqueue(cudaStream_t stream, const char* name, std::function<bool()> run) {
  need_stream(stream, name);
  auto node = std::make_shared<Node>(Node{name, std::move(run), stream->tail, false});
  stream->tail = {node};
  if (stream->capture)
    stream->capture->nodes.push_back(node);
  else
    submit(node);
}

void enqueue_kernel(cudaStream_t stream, std::function<void()> run) {
  if (fault(FaultPoint::kLaunch) != cudaSuccess) return;  // as cudaGetLastError() will say
  enqueue_work(stream, "kernel", [run = std::move(run)] {
    ++counted().launches;
    spend(kLaunchMicros);
    run();
  });
}

void spend(double micros) { device().micros += micros; }

void enqueue_product(cudaStream_t stream, const char* name, double micros,
                     std::function<void()> run) {
  enqueue_work(stream, name, [micros, run = std::move(run)] {
    ++counted().products;
    spend(micros);
    run();
  });
}

Counters counters() {
  const AtomicCounters& now = counted();
  return {.launches = now.launches,
          .graph_launches = now.graph_launches,
          .uploads = now.uploads,
          .downloads = now.downloads,
          .waits = now.waits,
          .events = now.events,
          .allocations = now.allocations,
          .frees = now.frees,
          .memsets = now.memsets,
          .products = now.products};
}

void enqueue_work(cudaStream_t stream, const char* name, std::function<void()> run) {
  enqueue(stream, name, [run = std::move(run)] {
    run();
    return true;
  });
}

}  // namespace unmask::emulation

// Errors; their names are in error_names.cc.
cudaError_t cudaGetLastError() { return std::exchange(t_last_error, cudaSuccess); }
cudaError_t cudaPeekAtLastError() { return t_last_error; }
cudaError_t cudaFuncSetAttribute(const void*, cudaFuncAttribute, int) { return cudaSuccess; }
cudaError_t cudaDeviceSynchronize() {
  if (const cudaError_t error = fault(); error != cudaSuccess) return error;
  ++counted().waits;
  return run_until(all_pending()), cudaSuccess;
}

// Memory.
cudaError_t cudaMalloc(void** data, size_t bytes) {
  if (const cudaError_t error = fault(FaultPoint::kMalloc); error != cudaSuccess) return error;
  *data = allocate(bytes, Memory::kDevice);
  return noted(*data ? cudaSuccess : cudaErrorMemoryAllocation);
}
cudaError_t cudaFree(void* data) {
  if (!data) return cudaSuccess;
  if (const cudaError_t error = cudaDeviceSynchronize(); error != cudaSuccess) return error;
  return deallocate(data, Memory::kDevice) ? cudaSuccess : cudaErrorInvalidValue;
}
cudaError_t cudaMallocAsync(void** data, size_t bytes, cudaStream_t stream) {
  need_no_capture(stream, "cudaMallocAsync");
  return cudaMalloc(data, bytes);
}
cudaError_t cudaFreeAsync(void* data, cudaStream_t stream) {
  if (const cudaError_t error = fault(); error != cudaSuccess) return error;
  enqueue_work(stream, "cudaFreeAsync", [data] {
    if (!deallocate(data, Memory::kDevice)) host_error("cudaFreeAsync of no device block");
  });
  return cudaSuccess;
}
cudaError_t cudaMallocHost(void** data, size_t bytes) {
  if (const cudaError_t error = fault(); error != cudaSuccess) return error;
  *data = allocate(bytes, Memory::kPinned);
  return *data ? cudaSuccess : cudaErrorMemoryAllocation;
}
cudaError_t cudaFreeHost(void* data) {
  return !data || deallocate(data, Memory::kPinned) ? cudaSuccess : cudaErrorInvalidValue;
}
/// As on the device, this does not wait for non-blocking streams.
cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind) {
  if (const cudaError_t error = fault(FaultPoint::kCopy); error != cudaSuccess) return error;
  const std::lock_guard lock(device().mutex);
  const DeviceIsRunning scope;
  return copy(to, from, bytes), cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind,
                            cudaStream_t stream) {
  if (const cudaError_t error = fault(FaultPoint::kCopy); error != cudaSuccess) return error;
  if (memory_kind(to) == Memory::kPageable || memory_kind(from) == Memory::kPageable) {
    host_error("cudaMemcpyAsync with pageable host memory is not asynchronous; pin it");
  }
  enqueue_work(stream, "cudaMemcpyAsync", [=] { copy(to, from, bytes); });
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* data, int value, size_t bytes, cudaStream_t stream) {
  if (const cudaError_t error = fault(); error != cudaSuccess) return error;
  ++counted().memsets;
  enqueue_work(stream, "cudaMemsetAsync", [=] { std::memset(data, value, bytes); });
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* free_bytes, size_t* total) {
  if (const cudaError_t error = fault(); error != cudaSuccess) return error;
  const std::lock_guard lock(device().blocks_mutex);
  *total = gpu_settings().memory;
  return *free_bytes = *total - device().used[current_gpu()], cudaSuccess;
}

// Streams and events.
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  if (const cudaError_t error = fault(); error != cudaSuccess) return error;
  if (flags != cudaStreamNonBlocking) host_error("create streams with cudaStreamNonBlocking");
  return *stream = new CUstream_st, cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  if (const cudaError_t error = fault(); error != cudaSuccess) return error;
  run_until(stream->tail);
  return delete stream, cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (const cudaError_t error = fault(); error != cudaSuccess) return error;
  ++counted().waits;
  need_stream(stream, "cudaStreamSynchronize");
  need_no_capture(stream, "cudaStreamSynchronize");
  return run_until(stream->tail), cudaSuccess;
}
cudaError_t cudaStreamQuery(cudaStream_t stream) {
  if (const cudaError_t error = fault(); error != cudaSuccess) return error;
  need_no_capture(stream, "cudaStreamQuery");
  const std::lock_guard lock(device().mutex);
  const DeviceIsRunning scope;
  run_one();
  const auto done = [](const NodePtr& node) { return node->done; };
  return std::ranges::all_of(stream->tail, done) ? cudaSuccess : cudaErrorNotReady;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  if (const cudaError_t error = fault(); error != cudaSuccess) return error;
  return *event = new CUevent_st, cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, 0); }
cudaError_t cudaEventDestroy(cudaEvent_t event) { return delete event, cudaSuccess; }
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  if (const cudaError_t error = fault(); error != cudaSuccess) return error;
  ++counted().events;
  event->capture = stream->capture;
  event->micros = std::make_shared<double>(0);
  enqueue_work(stream, "cudaEventRecord", [at = event->micros] { *at = device().micros; });
  event->node = stream->tail.front();
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (const cudaError_t error = fault(); error != cudaSuccess) return error;
  ++counted().waits;
  if (event->capture) return cudaErrorCapturedEvent;
  return event->node ? run_until({event->node}) : void(), cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
  if (const cudaError_t error = fault(); error != cudaSuccess) return error;
  const std::lock_guard lock(device().mutex);
  const DeviceIsRunning scope;
  run_one();
  return !event->node || event->node->done ? cudaSuccess : cudaErrorNotReady;
}
cudaError_t cudaEventElapsedTime(float* millis, cudaEvent_t start, cudaEvent_t end) {
  if (const cudaError_t error = fault(); error != cudaSuccess) return error;
  for (const cudaEvent_t event : {start, end}) {
    if (!event->node) return cudaErrorInvalidResourceHandle;
    if (!event->node->done) return cudaErrorNotReady;
  }
  return *millis = float((*end->micros - *start->micros) / 1e3), cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  if (const cudaError_t error = fault(); error != cudaSuccess) return error;
  if (!event->node) return cudaSuccess;
  if (event->capture && !stream->capture) {  // the fork of a capture
    stream->capture = event->capture;
    stream->capture->streams.push_back(stream);
    stream->tail.clear();
  }
  if (event->capture != stream->capture) host_error("a capture waits for work outside it");
  stream->tail.push_back(event->node);
  return cudaSuccess;
}
cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* data) {
  if (const cudaError_t error = fault(); error != cudaSuccess) return error;
  enqueue_work(stream, "cudaLaunchHostFunc", [=] { function(data); });
  return cudaSuccess;
}

// Graphs.
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (const cudaError_t error = fault(); error != cudaSuccess) return error;
  need_stream(stream, "cudaStreamBeginCapture");
  need_no_capture(stream, "cudaStreamBeginCapture");
  run_until(stream->tail);
  stream->tail.clear();
  stream->capture = new CUgraph_st{{}, {stream}};
  stream->is_capture_origin = true;
  return cudaSuccess;
}
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  *status = stream->capture ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  if (const cudaError_t error = fault(FaultPoint::kCapture); error != cudaSuccess) return error;
  if (!stream->capture || !stream->is_capture_origin) return cudaErrorIllegalState;
  CUgraph_st* captured = stream->capture;
  // Everything forked off must have been joined: all but the tail have a successor.
  for (const NodePtr& node : captured->nodes) {
    const auto follows = [&](const NodePtr& other) {
      return std::ranges::count(other->after, node);
    };
    if (std::ranges::none_of(captured->nodes, follows) && !std::ranges::count(stream->tail, node)) {
      host_error(std::string("capture ends with unjoined work: ") + node->name);
    }
  }
  for (const cudaStream_t joined : captured->streams) {
    joined->tail.clear();
    joined->capture = nullptr;
  }
  stream->is_capture_origin = false;
  return *graph = captured, cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long) {
  if (const cudaError_t error = fault(FaultPoint::kInstantiate); error != cudaSuccess) return error;
  return *exec = new CUgraphExec_st{graph->nodes}, cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  if (const cudaError_t error = fault(); error != cudaSuccess) return error;
  need_no_capture(stream, "cudaGraphLaunch");
  ++counted().graph_launches;
  std::map<const Node*, NodePtr> copies;
  std::vector<NodePtr> ends;
  for (const NodePtr& node : exec->nodes) {
    auto fresh = std::make_shared<Node>(Node{node->name, node->run, {}, false});
    for (const NodePtr& before : node->after) fresh->after.push_back(copies.at(before.get()));
    for (const NodePtr& before : node->after) std::erase(ends, copies.at(before.get()));
    if (fresh->after.empty()) fresh->after = stream->tail;
    copies[node.get()] = fresh;
    ends.push_back(fresh);
  }
  for (const NodePtr& node : exec->nodes) submit(copies.at(node.get()));
  if (!ends.empty()) stream->tail = ends;
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) { return delete exec, cudaSuccess; }
cudaError_t cudaGraphDestroy(cudaGraph_t graph) { return delete graph, cudaSuccess; }

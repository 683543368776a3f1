#include "emulation/simt.h"

#include <sys/mman.h>

#include <boost/context/detail/fcontext.hpp>
#include <cstdio>
#include <cstdlib>
#include <vector>

// This file is compiled without ThreadSanitizer: it moves between fibers that ThreadSanitizer must
// take for unrelated threads. What orders them is told by release() and acquire() alone.

constinit thread_local uint3 threadIdx{};
constinit thread_local uint3 blockIdx{};
constinit thread_local dim3 blockDim{};
constinit thread_local dim3 gridDim{};

namespace unmask::emulation {
namespace {

using boost::context::detail::fcontext_t;
using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

constexpr std::size_t kStackBytes = 256 << 10;
constexpr std::size_t kGuardBytes = 4096;
constexpr int kMaxThreads = 1024;
constexpr int kMaxStorages = 16;
constexpr int kMaxCopies = 1024;

std::uint64_t default_seed() {
  const char* text = std::getenv("UNMASK_EMULATION_SEED");
  return text ? std::strtoull(text, nullptr, 10) : 0;
}
std::atomic<std::uint64_t> g_seed{default_seed()};

struct Copy {
  void* to;
  const void* from;
  std::size_t bytes;
  int group;
};

/// A stack that CUDA threads run on, one after another.
struct Fiber {
  fcontext_t context = nullptr;
  char* stack = nullptr;
  void* tsan = nullptr;
  void* fake_stack = nullptr;
};

enum class State : unsigned char { kReady, kWaiting, kExited };

struct Thread {
  Fiber* fiber = nullptr;
  State state = State::kReady;
  const char* waits_at = nullptr;
  Where where;
  std::vector<Copy> copies;  // cp.async not performed yet
  int copy_group = 0;        // the group being filled
};

/// Lanes of one warp that have arrived at the same collective.
struct Meeting {
  unsigned mask = 0;
  unsigned arrived = 0;
  const char* name = nullptr;
  Where where;
};

struct Warp {
  LaneSlot lanes[32];
  Meeting meetings[32];
  int num_meetings = 0;
  unsigned exited = 0;
  char token = 0;
};

struct Storage {
  const void* key;
  void* data;
};

/// Runs the thread blocks of one kernel after another on one OS thread.
class BlockRunner {
 public:
  ~BlockRunner();
  void run(const LaunchShape& shape, const std::function<void()>& thread);

  int current = 0;  // linear index of the running CUDA thread
  Thread& thread() { return threads_[current]; }
  Warp& warp() { return warps_[current / 32]; }

  void wait(const char* name, Where where);
  void wake(int index);
  void finish_thread();
  void block_barrier(Where where);
  void warp_collective(const char* name, unsigned mask, Combine combine, Where where);
  void* storage(const void* key, std::size_t bytes, std::size_t alignment);
  /// cp.async may act at any time up to its wait: late finds missing waits, early overwrites.
  bool copies_at_once() { return seed_ == 1 || (seed_ > 1 && (random() & 1)); }
  void* dynamic_storage() { return storage(&shape_, shape_.shared_bytes, 128); }

  const std::function<void()>* body = nullptr;
  const void* host_stack = nullptr;
  std::size_t host_stack_bytes = 0;
  fcontext_t host_context = nullptr;
  char launch_token = 0, done_token = 0;

 private:
  void run_block();
  void resume(int index);
  void suspend();
  int pick();
  [[noreturn]] void report_deadlock();
  std::uint64_t random();

  LaunchShape shape_;
  int num_threads_ = 0;
  int num_exited_ = 0;
  std::vector<Thread> threads_{kMaxThreads};
  std::vector<Warp> warps_{kMaxThreads / 32};
  std::vector<Fiber*> free_fibers_;
  std::vector<int> ready_ = reserved();
  static std::vector<int> reserved() {
    std::vector<int> v;
    v.reserve(kMaxThreads);
    return v;
  }
  Storage storages_[kMaxStorages] = {};
  int num_storages_ = 0;
  int num_at_barrier_ = 0;
  unsigned barrier_generation_ = 0;
  Where barrier_where_;
  char barrier_tokens_[2] = {};
  void* host_tsan_ = nullptr;
  void* host_fake_stack_ = nullptr;
  std::uint64_t seed_ = 0;
  std::uint64_t random_state_ = 0;
};

BlockRunner& runner() {
  thread_local BlockRunner instance;
  return instance;
}

void fiber_main(transfer_t from) {
  BlockRunner& r = runner();
  r.host_context = from.fctx;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &r.host_stack, &r.host_stack_bytes);
#endif
  for (;;) {
    acquire(&r.launch_token);
    (*r.body)();
    release(&r.done_token);
    r.finish_thread();
  }
}

Fiber* make_fiber() {
  auto* fiber = new Fiber;
  void* memory = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED || mprotect(memory, kGuardBytes, PROT_NONE) != 0) std::abort();
  fiber->stack = static_cast<char*>(memory);
  fiber->context = make_fcontext(fiber->stack + kStackBytes, kStackBytes - kGuardBytes, fiber_main);
#if defined(UNMASK_TSAN)
  fiber->tsan = __tsan_create_fiber(0);
#endif
  return fiber;
}

BlockRunner::~BlockRunner() {
  for (Fiber* fiber : free_fibers_) {
#if defined(UNMASK_TSAN)
    __tsan_destroy_fiber(fiber->tsan);
#endif
    munmap(fiber->stack, kStackBytes);
    delete fiber;
  }
}

std::uint64_t BlockRunner::random() {  // splitmix64
  std::uint64_t z = (random_state_ += 0x9E3779B97F4A7C15ull);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

void BlockRunner::resume(int index) {
  current = index;
  Thread& t = threads_[index];
  if (!t.fiber) {
    if (free_fibers_.empty()) free_fibers_.push_back(make_fiber());
    t.fiber = free_fibers_.back();
    free_fibers_.pop_back();
  }
  threadIdx.x = index % blockDim.x;
  threadIdx.y = index / blockDim.x % blockDim.y;
  threadIdx.z = index / (blockDim.x * blockDim.y);
  Fiber& fiber = *t.fiber;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&host_fake_stack_, fiber.stack + kGuardBytes,
                                 kStackBytes - kGuardBytes);
#endif
#if defined(UNMASK_TSAN)
  host_tsan_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(fiber.tsan, __tsan_switch_to_fiber_no_sync);
#endif
  fiber.context = jump_fcontext(fiber.context, nullptr).fctx;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(host_fake_stack_, nullptr, nullptr);
#endif
}

void BlockRunner::suspend() {
  [[maybe_unused]] Fiber& fiber = *thread().fiber;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&fiber.fake_stack, host_stack, host_stack_bytes);
#endif
#if defined(UNMASK_TSAN)
  __tsan_switch_to_fiber(host_tsan_, __tsan_switch_to_fiber_no_sync);
#endif
  host_context = jump_fcontext(host_context, nullptr).fctx;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fiber.fake_stack, &host_stack, &host_stack_bytes);
#endif
}

void BlockRunner::wait(const char* name, Where where) {
  Thread& t = thread();
  t.state = State::kWaiting;
  t.waits_at = name;
  t.where = where;
  suspend();
}

void BlockRunner::wake(int index) {
  threads_[index].state = State::kReady;
  ready_.push_back(index);
}

void BlockRunner::finish_thread() {
  thread().state = State::kExited;
  warp().exited |= 1u << current % 32;
  ++num_exited_;
  suspend();
}

int BlockRunner::pick() {
  std::size_t at = ready_.size() - 1;
  if (seed_ > 1) at = random() % ready_.size();
  const int index = ready_[at];
  ready_[at] = ready_.back();
  ready_.pop_back();
  return index;
}

void BlockRunner::run_block() {
  num_exited_ = num_at_barrier_ = 0;
  ready_.clear();
  for (int i = 0; i < num_threads_; ++i) {
    Thread& t = threads_[i];
    t.state = State::kReady;
    t.copies.clear();
    t.copy_group = 0;
    ready_.push_back(seed_ == 1 ? i : num_threads_ - 1 - i);
  }
  for (int w = 0; w * 32 < num_threads_; ++w) {
    const int lanes = num_threads_ - w * 32;
    warps_[w].exited = lanes >= 32 ? 0u : ~0u << lanes;
    warps_[w].num_meetings = 0;
  }
  while (num_exited_ < num_threads_) {
    if (ready_.empty()) report_deadlock();
    const int index = pick();
    resume(index);
    // ThreadSanitizer must see each CUDA thread as a thread of its own, so it keeps its fiber.
    if (!kIsTsan && threads_[index].state == State::kExited) {
      free_fibers_.push_back(threads_[index].fiber);
      threads_[index].fiber = nullptr;
    }
  }
  for (int i = 0; kIsTsan && i < num_threads_; ++i) {
    free_fibers_.push_back(threads_[i].fiber);
    threads_[i].fiber = nullptr;
  }
  for (int i = 0; i < num_storages_; ++i) std::free(storages_[i].data);
  num_storages_ = 0;
}

void BlockRunner::run(const LaunchShape& shape, const std::function<void()>& thread_body) {
  const IgnoreAccesses ignore;
  shape_ = shape;
  body = &thread_body;
  seed_ = schedule_seed();
  random_state_ = seed_;
  num_threads_ = int(shape.block.x * shape.block.y * shape.block.z);
  blockDim = shape.block;
  gridDim = shape.grid;
  release(&launch_token);
  const std::uint64_t num_blocks = std::uint64_t(shape.grid.x) * shape.grid.y * shape.grid.z;
  const std::uint64_t first = seed_ > 1 ? random() % num_blocks : 0;
  for (std::uint64_t i = 0; i < num_blocks; ++i) {
    const std::uint64_t b = seed_ == 1 ? num_blocks - 1 - i : (first + i) % num_blocks;
    blockIdx.x = unsigned(b % shape.grid.x);
    blockIdx.y = unsigned(b / shape.grid.x % shape.grid.y);
    blockIdx.z = unsigned(b / shape.grid.x / shape.grid.y);
    run_block();
  }
  acquire(&done_token);
}

void BlockRunner::block_barrier(Where where) {
  if (num_exited_ > 0) kernel_error("__syncthreads() after a thread of the block exited", where);
  if (num_at_barrier_ == 0) barrier_where_ = where;
  if (barrier_where_.line() != where.line()) {
    kernel_error("threads of one block are at different __syncthreads()", where);
  }
  void* token = &barrier_tokens_[barrier_generation_ & 1];
  release(token);
  if (++num_at_barrier_ == num_threads_) {
    num_at_barrier_ = 0;
    ++barrier_generation_;
    ready_.clear();
    for (int i = 0; i < num_threads_; ++i) wake(seed_ == 1 ? i : num_threads_ - 1 - i);
    suspend();
  } else {
    wait("__syncthreads()", where);
  }
  acquire(token);
}

void BlockRunner::warp_collective(const char* name, unsigned mask, Combine combine, Where where) {
  Warp& w = warp();
  const unsigned me = 1u << current % 32;
  if (!(mask & me)) kernel_error("a lane calls a warp collective whose mask leaves it out", where);
  if (mask & w.exited) kernel_error("the mask of a warp collective names an exited lane", where);
  Meeting* meeting = nullptr;
  for (int i = 0; i < w.num_meetings; ++i) {
    Meeting& m = w.meetings[i];
    if (!(m.mask & mask)) continue;
    if (m.mask != mask || m.where.line() != where.line()) {
      std::fprintf(stderr, "  other lanes: %s, mask %08x, %s:%u\n", m.name, m.mask,
                   m.where.file_name(), m.where.line());
      kernel_error("lanes of one warp are at different collectives", where);
    }
    meeting = &m;
  }
  if (!meeting) {
    meeting = &w.meetings[w.num_meetings++];
    *meeting = {mask, 0, name, where};
  }
  meeting->arrived |= me;
  if (meeting->arrived != mask) return wait(name, where);

  *meeting = w.meetings[--w.num_meetings];
  if (combine) combine(w.lanes, mask);
  const int base = current / 32 * 32;
  for (int i = 0; i < 32; ++i) {
    const int lane = seed_ == 1 ? i : 31 - i;
    if (mask >> lane & 1) wake(base + lane);
  }
  suspend();
}

void* BlockRunner::storage(const void* key, std::size_t bytes, std::size_t alignment) {
  const IgnoreAccesses ignore;
  for (int i = 0; i < num_storages_; ++i) {
    if (storages_[i].key == key) return storages_[i].data;
  }
  void* data = nullptr;
  if (num_storages_ == kMaxStorages || posix_memalign(&data, alignment, bytes) != 0) std::abort();
  std::memset(data, 0xFF, bytes);
  storages_[num_storages_++] = {key, data};
  return data;
}

void BlockRunner::report_deadlock() {
  for (int i = 0, shown = 0; i < num_threads_ && shown < 8; ++i) {
    const Thread& t = threads_[i];
    if (t.state != State::kWaiting) continue;
    std::fprintf(stderr, "  thread %d waits in %s at %s:%u\n", i, t.waits_at, t.where.file_name(),
                 t.where.line());
    ++shown;
  }
  std::fprintf(stderr, "  %d of %d threads have exited\n", num_exited_, num_threads_);
  kernel_error("deadlock: every thread waits", Where::current());
}

}  // namespace

void kernel_error(const char* what, Where where) {
  std::fprintf(stderr, "%s:%u: kernel error: %s (block %u,%u,%u thread %u,%u,%u, schedule %llu)\n",
               where.file_name(), where.line(), what, blockIdx.x, blockIdx.y, blockIdx.z,
               threadIdx.x, threadIdx.y, threadIdx.z,
               static_cast<unsigned long long>(schedule_seed()));
  std::abort();
}

void set_schedule_seed(std::uint64_t seed) { g_seed = seed; }
std::uint64_t schedule_seed() { return g_seed; }

void run_kernel(const LaunchShape& shape, const std::function<void()>& thread) {
  runner().run(shape, thread);
}

void* block_storage(const void* key, std::size_t bytes, std::size_t alignment) {
  return runner().storage(key, bytes, alignment);
}
void* dynamic_storage() { return runner().dynamic_storage(); }
LaneSlot& lane_slot() { return runner().warp().lanes[runner().current % 32]; }
int lane_id() { return runner().current % 32; }

void async_copy(void* to, const void* from, std::size_t bytes) {
  if (runner().copies_at_once()) {
    std::memcpy(to, from, bytes);
    return;
  }
  const IgnoreAccesses ignore;
  Thread& t = runner().thread();
  if (t.copies.size() == kMaxCopies) kernel_error("too many cp.async in flight", Where::current());
  t.copies.push_back({to, from, bytes, t.copy_group});
}
void async_copy_commit() { ++runner().thread().copy_group; }
void async_copy_wait(int groups_in_flight) {
  Thread& t = runner().thread();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < t.copies.size(); ++i) {
    const Copy copy = t.copies[i];
    if (copy.group < t.copy_group - groups_in_flight)
      std::memcpy(copy.to, copy.from, copy.bytes);
    else
      t.copies[kept++] = copy;
  }
  t.copies.resize(kept);
}

void warp_collective(const char* name, unsigned mask, Combine combine, Where where) {
  runner().warp_collective(name, mask, combine, where);
}
void warp_barrier(unsigned mask, Where where) {
  Warp& w = runner().warp();
  release(&w.token);
  runner().warp_collective("__syncwarp", mask, nullptr, where);
  acquire(&w.token);
}
void block_barrier(Where where) { runner().block_barrier(where); }

}  // namespace unmask::emulation

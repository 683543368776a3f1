#include "kernels/cpu/thread_pool.h"

#include <pthread.h>
#include <sched.h>

#include "runtime/base/check.h"

namespace unmask::kernels {
namespace {

constexpr int kSpins = 200;  // a few microseconds: less than it costs to sleep and be woken

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// Failure is ignored: an unpinned thread is slower, not wrong.
void pin_to_available_core(pthread_t thread, int idx) {
  cpu_set_t available;
  if (sched_getaffinity(0, sizeof(available), &available) != 0) return;
  idx %= CPU_COUNT(&available);
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &available) || idx-- > 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    pthread_setaffinity_np(thread, sizeof(one), &one);
    return;
  }
}

}  // namespace

int num_available_cores() {
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof(cores), &cores) != 0) return 1;
  return CPU_COUNT(&cores);
}

ThreadPool::ThreadPool(Options options) {
  UNMASK_CHECK(options.num_threads >= 0);
  const int count = options.num_threads > 0 ? options.num_threads : num_available_cores();
  for (int i = 1; i < count; ++i) {
    workers_.emplace_back([this, i] { serve(i); });
    if (options.pin) pin_to_available_core(workers_.back().native_handle(), i);
  }
}

ThreadPool::~ThreadPool() {
  is_stopping_ = true;
  ++generation_;
  generation_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run_tasks(int num_tasks, Job job) {
  if (workers_.empty() || num_tasks <= 1) {
    for (int task = 0; task < num_tasks; ++task) job.call(job.callee, task, 0);
    return;
  }
  job_ = job;
  num_done_ = 0;
  const std::int32_t generation = generation_.load() + 1;
  ticket_ = std::uint64_t(std::uint32_t(generation)) << 32 | std::uint32_t(num_tasks);
  generation_ = generation;
  generation_.notify_all();
  claim_tasks(std::uint32_t(generation), 0);
  wait_until_done(num_tasks);
}

void ThreadPool::serve(int thread) {
  std::int32_t seen = 0;
  while (true) {
    for (int i = 0; i < kSpins && generation_.load() == seen; ++i) pause();
    generation_.wait(seen);
    seen = generation_.load();
    if (is_stopping_) return;
    claim_tasks(std::uint32_t(seen), thread);
  }
}

// A job is over when all its tasks are done, whether or not every thread has woken up: one that
// comes late finds a ticket without tasks, or of a newer generation, and never reads the old job.
void ThreadPool::claim_tasks(std::uint32_t generation, int thread) {
  std::uint64_t ticket = ticket_.load();
  while (std::uint32_t(ticket >> 32) == generation && std::uint32_t(ticket) > 0) {
    if (!ticket_.compare_exchange_weak(ticket, ticket - 1)) continue;
    const int num_tasks = job_.num_tasks;
    job_.call(job_.callee, num_tasks - int(std::uint32_t(ticket)), thread);
    if (num_done_.fetch_add(1) + 1 == num_tasks) num_done_.notify_one();
    ticket = ticket_.load();
  }
}

void ThreadPool::wait_until_done(int num_tasks) {
  std::int32_t done = num_done_.load();
  for (int i = 0; i < kSpins && done != num_tasks; ++i) {
    pause();
    done = num_done_.load();
  }
  while (done != num_tasks) {
    num_done_.wait(done);
    done = num_done_.load();
  }
}

}  // namespace unmask::kernels

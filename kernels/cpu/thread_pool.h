#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <type_traits>
#include <vector>

namespace unmask::kernels {

/// Cores that this process may use.
[[nodiscard]] int num_available_cores();

/// The threads of one device. Who runs a task is left to chance; what a task is depends on the
/// shapes alone, so results never depend on the number of threads.
///
/// Waiting is passive after a few microseconds, because a spinning thread starves whatever shares
/// the machine. `run` is called by one thread at a time, which works as thread 0.
class ThreadPool {
 public:
  struct Options {
    int num_threads = 0;  ///< including the caller of `run`; 0 = one per available core
    bool pin = false;     ///< threads 1, 2, ... to the cores 1, 2, ...; the caller stays free
  };

  explicit ThreadPool(Options options);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] int num_threads() const { return int(workers_.size()) + 1; }

  /// Calls work(task, thread) for every task in [0, num_tasks) and returns when all are done.
  /// `thread` in [0, num_threads()) is for scratch memory. `work` must not throw.
  template <class Work>
  void run(int num_tasks, Work&& work) {
    using Callee = std::remove_reference_t<Work>;
    run_tasks(num_tasks, {[](void* callee, int task, int thread) {
                            (*static_cast<Callee*>(callee))(task, thread);
                          },
                          const_cast<void*>(static_cast<const void*>(&work)), num_tasks});
  }

  /// Calls work(begin, end, thread) for pieces of [0, num_items) of at most `grain` items.
  template <class Work>
  void run_ranges(int num_items, int grain, Work&& work) {
    run((num_items + grain - 1) / grain, [&](int task, int thread) {
      work(task * grain, std::min(num_items, (task + 1) * grain), thread);
    });
  }

 private:
  struct Job {
    void (*call)(void* callee, int task, int thread) = nullptr;
    void* callee = nullptr;
    int num_tasks = 0;
  };

  void run_tasks(int num_tasks, Job job);
  void serve(int thread);
  void claim_tasks(std::uint32_t generation, int thread);
  void wait_until_done(int num_tasks);

  Job job_;                                  // read only by whoever holds a task of it
  std::atomic<std::uint64_t> ticket_{0};     // generation of the job << 32 | tasks not yet claimed
  std::atomic<std::int32_t> generation_{0};  // of the newest job; what idle threads wait on
  std::atomic<std::int32_t> num_done_{0};
  std::atomic<bool> is_stopping_{false};
  std::vector<std::thread> workers_;
};

}  // namespace unmask::kernels

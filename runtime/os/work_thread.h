#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace unmask {

/// One thread that does what it is given, in order: for work that blocks, which actors must not.
///
/// An exception that leaves the work ends the process, with a line that says which: who gives work
/// turns its failures into answers.
class WorkThread {
 public:
  /// name: at most 15 characters reach the kernel. max_waiting: beside the work in progress.
  WorkThread(const std::string& name, std::size_t max_waiting);
  /// Finishes the work in progress and drops the rest.
  ~WorkThread();
  WorkThread(const WorkThread&) = delete;
  WorkThread& operator=(const WorkThread&) = delete;

  /// From any thread; never blocks. False, and it is not done, if too much waits already.
  [[nodiscard]] bool post(std::function<void()> work);

  /// Drops what waits. False if the work in progress did not end within `patience`.
  [[nodiscard]] bool stop_within(std::chrono::milliseconds patience);

 private:
  void run();
  void do_work(const std::function<void()>& work) noexcept;

  const std::string name_;
  const std::size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::deque<std::function<void()>> work_;
  bool is_stopping_ = false;
  bool is_working_ = false;
  std::thread thread_;
};

}  // namespace unmask

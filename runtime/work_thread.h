#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace unmask {

/// One thread that does what it is given, in order: for work that blocks, which actors must not.
class WorkThread {
 public:
  explicit WorkThread(const std::string& name);  ///< at most 15 characters reach the kernel
  /// Finishes the work in progress and drops the rest.
  ~WorkThread();
  WorkThread(const WorkThread&) = delete;
  WorkThread& operator=(const WorkThread&) = delete;

  /// From any thread; never blocks.
  void post(std::function<void()> work);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> work_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace unmask

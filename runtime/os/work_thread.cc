#include "runtime/os/work_thread.h"

#include <pthread.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

namespace unmask {

WorkThread::WorkThread(const std::string& name, std::size_t max_waiting)
    : name_(name), max_waiting_(max_waiting), thread_([this] { run(); }) {
  pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
}

WorkThread::~WorkThread() {
  {
    const std::scoped_lock lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

bool WorkThread::post(std::function<void()> work) {
  {
    const std::scoped_lock lock(mutex_);
    if (work_.size() >= max_waiting_) return false;
    work_.push_back(std::move(work));
  }
  wake_.notify_one();
  return true;
}

bool WorkThread::stop_within(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  is_stopping_ = true;
  wake_.notify_one();
  return idle_.wait_for(lock, patience, [this] { return !is_working_; });
}

void WorkThread::run() {
  for (;;) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return is_stopping_ || !work_.empty(); });
    if (is_stopping_) return;
    const std::function<void()> work = std::move(work_.front());
    work_.pop_front();
    is_working_ = true;
    lock.unlock();
    do_work(work);
    lock.lock();
    is_working_ = false;
    idle_.notify_all();
  }
}

void WorkThread::do_work(const std::function<void()>& work) noexcept {
  const char* what = "an exception that says nothing";
  try {
    return work();
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "unmask: error: the thread '%s' failed: %s\n", name_.c_str(),
                 failure.what());
  } catch (...) {
    std::fprintf(stderr, "unmask: error: the thread '%s' failed: %s\n", name_.c_str(), what);
  }
  std::abort();
}

}  // namespace unmask

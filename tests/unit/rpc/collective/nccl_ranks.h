/// Ranks over NCCL, each on a thread and a GPU of its own: emulated, if UNMASK_EMULATED_NCCL names
/// the library.

#pragma once

#include <gmock/gmock.h>
#include <stdlib.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "kernels/make_backend.h"
#include "rpc/collective/nccl.h"

namespace unmask::rpc {

inline NcclOptions nccl_of_tests(int device, std::chrono::milliseconds timeout) {
  NcclOptions options{.device = device, .timeout = timeout};
#ifdef UNMASK_EMULATED_NCCL
  options.library = UNMASK_EMULATED_NCCL;
  options.abort_timeout = options.drain_timeout = std::chrono::seconds(20);  // it is slow
#endif
  return options;
}

class NcclRanks {
 public:
  static constexpr std::chrono::milliseconds kLong{60'000};

  ~NcclRanks() {
    for (const auto& [name, value] : faults_) ::unsetenv(name.c_str());
  }

  /// Until the end, for communicators that are connected from now on. No other threads are there.
  void set_fault(const std::string& name, const std::string& value) {
    faults_[name] = value;
    ::setenv(name.c_str(), value.c_str(), 1);
  }
  void mend(const std::string& name) {
    faults_.erase(name);
    ::unsetenv(name.c_str());
  }

  void prepare(int size, std::chrono::milliseconds timeout = kLong) {
    group.clear();
    factories.clear();
    for (int rank = 0; rank < size; ++rank) {
      auto made = make_nccl_collectives(nccl_of_tests(rank, timeout));
      ASSERT_TRUE(made) << made.error().message;
      factories.push_back(std::move(*made));
    }
    prepare_again();
  }
  /// For another epoch.
  void prepare_again() {
    addresses.clear();
    for (std::size_t rank = 0; rank < factories.size(); ++rank) {
      const auto address = factories[rank]->prepare(1, int(rank), int(factories.size()));
      ASSERT_TRUE(address) << address.error().message;
      ASSERT_FALSE(address->empty());
      addresses.push_back(*address);
    }
  }
  void connect() {
    group.clear();
    group.resize(factories.size());
    on_all([this](int rank) {
      auto made = factories[std::size_t(rank)]->connect(addresses, kLong);
      ASSERT_TRUE(made) << made.error().message;
      group[std::size_t(rank)] = std::move(*made);
    });
  }
  void start(int size, std::chrono::milliseconds timeout = kLong) {
    prepare(size, timeout);
    connect();
    for (const auto& collective : group) ASSERT_NE(collective, nullptr);
  }

  /// Threads end before this returns.
  void on_all(const std::function<void(int)>& run) {
    std::vector<std::jthread> threads;
    for (int rank = 0; rank < int(factories.size()); ++rank) {
      threads.emplace_back([&run, rank] { run(rank); });
    }
  }
  /// The same, with each rank's GPU.
  void on_gpus(const std::function<void(Collective&, kernels::Backend&)>& run) {
    on_all([&](int rank) {
      auto backend = kernels::make_backend({.kind = kernels::DeviceKind::kCuda, .index = rank});
      ASSERT_TRUE(backend) << backend.error().message;
      run(*group[std::size_t(rank)], **backend);
    });
  }

  std::vector<std::unique_ptr<CollectiveFactory>> factories;
  std::vector<Bytes> addresses;
  std::vector<std::unique_ptr<Collective>> group;

 private:
  std::map<std::string, std::string> faults_;
};

/// Values in a GPU's memory.
template <typename T>
class GpuArray {
 public:
  GpuArray(kernels::Backend& backend, const std::vector<T>& values)
      : GpuArray(backend, values.size()) {
    backend_.upload(data(), values.data(), values.size() * sizeof(T));
  }
  GpuArray(kernels::Backend& backend, std::size_t size)
      : backend_(backend), size_(size), buffer_(backend.allocate(size * sizeof(T))) {}

  [[nodiscard]] T* data() const { return static_cast<T*>(buffer_->data()); }
  [[nodiscard]] std::vector<T> read() const {
    std::vector<T> values(size_);
    backend_.download(values.data(), data(), size_ * sizeof(T));
    return values;
  }

 private:
  kernels::Backend& backend_;
  std::size_t size_;
  std::unique_ptr<kernels::Buffer> buffer_;
};

}  // namespace unmask::rpc

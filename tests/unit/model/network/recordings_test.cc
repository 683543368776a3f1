#include "model/network/recordings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/device_error.h"
#include "kernels/make_backend.h"

namespace unmask::network {
namespace {

using Key = Recordings::Key;

/// Records how often it was asked, and can be told to fail.
class RecordingBackend final : public kernels::Backend {
 public:
  [[nodiscard]] kernels::DeviceKind kind() const override { return cpu_->kind(); }
  [[nodiscard]] kernels::DType activation_dtype() const override { return kernels::DType::kF32; }
  [[nodiscard]] std::string numeric_class() const override { return ""; }
  [[nodiscard]] kernels::MemoryInfo memory() const override { return {}; }
  [[nodiscard]] kernels::Stream stream() const override { return {}; }
  void synchronize() override {}
  std::unique_ptr<kernels::Buffer> allocate(std::size_t bytes) override {
    return cpu_->allocate(bytes);
  }
  std::unique_ptr<kernels::Buffer> allocate_shared(std::size_t bytes) override {
    return cpu_->allocate(bytes);
  }
  void copy_to_device(void*, const kernels::Buffer&, std::size_t) override {}
  void upload(void*, const void*, std::size_t) override {}
  void download(void*, const void*, std::size_t) override {}
  std::unique_ptr<kernels::PackedMatrix> pack_matrix(std::span<const kernels::HostMatrix>,
                                                     kernels::DType,
                                                     kernels::ShareOffsets) override {
    return nullptr;
  }
  std::unique_ptr<kernels::PackedExperts> pack_experts(std::span<const kernels::ExpertMatrices>,
                                                       kernels::DType,
                                                       kernels::ShareOffsets) override {
    return nullptr;
  }

  [[nodiscard]] bool can_record() const override { return true; }
  Result<std::unique_ptr<kernels::Recording>> record(
      const std::function<Result<>()>& enqueue) override {
    ++num_recorded;
    if (const Result<> enqueued = enqueue(); !enqueued) return enqueued.error();
    if (fails) return Error{ErrorCode::kUnavailable, "out of memory"};
    return std::make_unique<kernels::Recording>();
  }
  void replay(const kernels::Recording&) override { ++num_replayed; }

  int num_recorded = 0;
  int num_replayed = 0;
  bool fails = false;

 private:
  void compute(const kernels::Embed&) override {}
  void compute(const kernels::GatherRows&) override {}
  void compute(const kernels::RmsNorm&) override {}
  void compute(const kernels::Linear&) override {}
  void compute(const kernels::QkNormRopeKvWrite&) override {}
  void compute(const kernels::Attention&) override {}
  void compute(const kernels::RouteTopk&) override {}
  void compute(const kernels::Experts&) override {}
  void compute(const kernels::TreeAdd&) override {}
  void compute(const kernels::LmHeadCandidates&) override {}
  void compute(const kernels::MergeCandidates&) override {}
  void compute(const kernels::MaxParts&) override {}
  void compute(const kernels::MixEmbeddings&) override {}
  void compute(const kernels::ScatterRows&) override {}
  void compute(const kernels::GuideRows&) override {}
  void compute(const kernels::DrawTokens&) override {}

  const std::unique_ptr<kernels::Backend> cpu_ = *kernels::make_backend({.num_threads = 1});
};

class RecordingsTest : public testing::Test {
 protected:
  Result<> run(const Key& key, bool must_record = false) {
    return recordings_.run(key, must_record, [this]() -> Result<> {
      ++num_enqueued_;
      return {};
    });
  }
  static Key key_of(int rows) { return {.room = {.rows = rows, .sequences = 1}}; }

  RecordingBackend backend_;
  Recordings recordings_{backend_};
  int num_enqueued_ = 0;
};

TEST_F(RecordingsTest, TheFirstIsPlainTheSecondIsRecordedTheRestAreReplays) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(run(key_of(16)));
  EXPECT_EQ(num_enqueued_, 2);
  EXPECT_EQ(backend_.num_recorded, 1);
  EXPECT_EQ(backend_.num_replayed, 4);
  EXPECT_EQ(recordings_.num_kept(), 1u);
  EXPECT_EQ(recordings_.num_replays(), 4u);
}

TEST_F(RecordingsTest, EveryKindHasItsOwn) {
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(run(key_of(16)));
    ASSERT_TRUE(run({.room = {.rows = 16, .sequences = 1, .decoded = 16}}));
  }
  EXPECT_EQ(backend_.num_recorded, 2);
}

TEST_F(RecordingsTest, WhatIsForgottenIsRecordedAnew) {
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(run(key_of(16)));
  recordings_.clear();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(run(key_of(16)));
  EXPECT_EQ(backend_.num_recorded, 2);
}

TEST_F(RecordingsTest, TheOneThatWasNotUsedForLongestGoes) {
  for (int rows = 1; rows <= int(Recordings::kMaxKept) + 1; ++rows) {
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(run(key_of(rows)));
  }
  EXPECT_EQ(recordings_.num_kept(), Recordings::kMaxKept);
  num_enqueued_ = 0;
  ASSERT_TRUE(run(key_of(2)));
  EXPECT_EQ(num_enqueued_, 0);
  ASSERT_TRUE(run(key_of(1)));
  EXPECT_EQ(num_enqueued_, 1) << "it was forgotten";
}

TEST_F(RecordingsTest, WhatCannotBeRecordedIsEnqueuedAsItIs) {
  backend_.fails = true;
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(run(key_of(16)));
  EXPECT_EQ(backend_.num_recorded, 1) << "it is not tried again";
  EXPECT_EQ(recordings_.failure(), "out of memory");
  EXPECT_EQ(num_enqueued_, 1 + 1 + 1 + 2);
}

TEST_F(RecordingsTest, ARankThatCannotDoAsTheOthersIsOver) {
  backend_.fails = true;
  ASSERT_TRUE(run(key_of(16), true));
  EXPECT_THROW((void)run(key_of(16), true), kernels::DeviceError);
}

TEST_F(RecordingsTest, AnErrorOfTheWorkIsNotOneOfTheRecording) {
  ASSERT_TRUE(run(key_of(16)));
  const Result<> failed = recordings_.run(key_of(16), true, []() -> Result<> {
    return Error{ErrorCode::kUnavailable, "rank 1 is gone"};
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "rank 1 is gone");
  EXPECT_EQ(recordings_.failure(), "");
}

}  // namespace
}  // namespace unmask::network

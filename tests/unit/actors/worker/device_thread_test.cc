#include "actors/worker/device_thread.h"

#include <gmock/gmock.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <future>
#include <map>
#include <mutex>

#include "kernels/make_backend.h"
#include "model/diffusion/burst.h"
#include "model/diffusion/loop_bytes.h"
#include "rpc/collective/in_process.h"
#include "runtime/simulation/testbed.h"
#include "tests/device_spec.h"
#include "tests/golden/golden_files.h"
#include "tests/golden/worker_group.h"
#include "tests/unit/model/network/steps.h"

namespace unmask::actors {
namespace {

using namespace std::chrono_literals;
using golden::must;
using testing::SizeIs;

constexpr std::size_t kPieceBytes = 3000;  // one row of logits is 2,048 bytes long
const std::vector<std::int32_t> kTokens = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

void exit_with_its_words(const kernels::DeviceError& error) {
  std::fprintf(stderr, "lost: %s\n", error.what());
  std::_Exit(int(error.fault()));
}

/// A real device, alone in its group, whose rows the test takes.
class DeviceThreadTest : public testing::Test {
 protected:
  void SetUp() override {
    std::promise<Result<const network::Engine*>> loaded;
    network::EngineOptions options;
    options.max_rows = 64;
    options.num_kv_pages = 4;
    device->load(
        [&] { return network::Engine::create(checkpoint, *backend, options); },
        [&](Result<const network::Engine*> engine) { loaded.set_value(std::move(engine)); });
    must(loaded.get_future().get());
    form(1);
  }
  void form(Epoch epoch) {
    std::promise<Result<Bytes>> prepared;
    device->prepare({epoch, 0, 0, 1}, [&](Result<Bytes> address) { prepared.set_value(address); });
    const Bytes address = must(prepared.get_future().get());
    std::promise<Result<>> connected;
    device->connect(epoch, {address}, [&](const Result<>& result) { connected.set_value(result); });
    must(connected.get_future().get());
  }
  void run(Step step) {
    std::promise<Result<StepResult>> ran;
    device->run(std::move(step),
                [&](Result<StepResult> result) { ran.set_value(std::move(result)); });
    must(ran.get_future().get());
  }
  /// All answers to a step with a burst.
  std::vector<StepResult> run_burst(Step step) {
    std::vector<StepResult> results;
    std::promise<void> ended;
    device->run(std::move(step), [&](Result<StepResult> result) {
      results.push_back(must(std::move(result)));
      if (!results.back().goes_on) ended.set_value();
    });
    ended.get_future().wait();
    return results;
  }
  void inspect(Epoch epoch) {
    Inspect request;
    request.epoch = epoch;
    request.request = 7;
    request.tokens = kTokens;
    request.wants_hidden = true;
    device->inspect(std::move(request), [this](Inspected piece) {
      const std::scoped_lock lock(mutex);
      pieces.push_back(std::move(piece));
      arrived.notify_one();
    });
  }
  /// The next piece; waits for it.
  Inspected take() {
    std::unique_lock lock(mutex);
    arrived.wait(lock, [this] { return !pieces.empty(); });
    EXPECT_THAT(pieces, SizeIs(1)) << "one at a time is on its way";
    Inspected piece = std::move(pieces.front());
    pieces.pop_front();
    return piece;
  }

  Testbed bed;
  const checkpoint::Checkpoint checkpoint =
      must(checkpoint::Checkpoint::open(golden::golden_dir() / "models" / "moe_mha"));
  std::unique_ptr<kernels::Backend> backend = must(kernels::make_backend(device_spec_of_tests()));
  std::unique_ptr<CollectiveFactory> collectives = rpc::make_lone_collectives();
  std::mutex mutex;  // guards the pieces
  std::condition_variable arrived;
  std::deque<Inspected> pieces;
  std::unique_ptr<DeviceThread> device =
      std::make_unique<DeviceThread>(bed.env(), *collectives, 5s, exit_with_its_words, kPieceBytes);
};

TEST_F(DeviceThreadTest, PiecesOfBoundedSizeMakeUpTheTensors) {
  inspect(1);
  std::map<std::string, std::vector<std::uint32_t>> tensors;
  for (Inspected piece = take(); !piece.is_last; piece = take()) {
    EXPECT_EQ(piece.request, 7u);
    const network::TensorRows& rows = piece.rows;
    EXPECT_LE(rows.data.size() * sizeof(std::uint32_t), kPieceBytes);
    std::vector<std::uint32_t>& tensor = tensors[rows.name];
    EXPECT_EQ(rows.first_row * rows.num_cols, std::int32_t(tensor.size()));
    tensor.insert(tensor.end(), rows.data.begin(), rows.data.end());
    device->inspect_more();
  }
  golden::WorkerGroup other(golden::golden_dir() / "models" / "moe_mha", 1);
  const std::vector<network::TensorRows> expected = other.forward(kTokens).front();
  EXPECT_THAT(tensors, SizeIs(expected.size()));
  for (const network::TensorRows& whole : expected)
    EXPECT_EQ(tensors[whole.name], whole.data) << whole.name;
}

TEST_F(DeviceThreadTest, NothingIsGivenBeforeThePieceBeforeItWasTaken) {
  inspect(1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(take().is_last);
    std::unique_lock lock(mutex);
    EXPECT_FALSE(arrived.wait_for(lock, 50ms, [this] { return !pieces.empty(); }));
    lock.unlock();
    device->inspect_more();
  }
}

TEST_F(DeviceThreadTest, AnAbortEndsTheWaitForMore) {
  inspect(1);
  (void)take();
  device->abort(1);
  const Inspected last = take();
  EXPECT_TRUE(last.is_last);
  EXPECT_TRUE(last.error) << "pieces are missing";
  form(2);
  inspect(2);
  (void)take();
  device.reset();  // does not wait for ever
}

TEST_F(DeviceThreadTest, ItsPagesAreToldAfterEveryStep) {
  const auto pages = [&] {
    const auto of = [&](const char* state) {
      return bed.metrics().value("unmask_worker_kv_pages", {{"state", state}});
    };
    return std::pair(of("used"), of("free"));
  };
  EXPECT_EQ(pages(), std::pair(0., 4.));
  const std::vector<std::int32_t> canvas(2 * cache::kPagePositions, 5);
  run({1, 1, {network::full(9, canvas, {0, 1}, true)}, {}});
  EXPECT_EQ(pages(), std::pair(2., 2.));
  run({1, 2, {}, {9}});
  EXPECT_EQ(pages(), std::pair(0., 4.)) << "it was closed";
  run({1, 3, {network::full(10, canvas, {0, 1}, true)}, {}});
  form(2);
  EXPECT_EQ(pages(), std::pair(0., 4.)) << "a new group begins with empty caches";
}

/// A job whose block takes six forwards.
diffusion::DiffusionLoop loop_of_six() {
  return *diffusion::DiffusionLoop::create(
      {.block_length = 6, .strategy = diffusion::FixedSteps{6}},
      {.mask_id = 511, .eos_id = 509, .choosable_end = 511},
      diffusion::Canvas::of_prompt(kTokens, 6, 511));
}

Step burst_of(const diffusion::DiffusionLoop& loop, std::uint64_t seq) {
  SequenceStep part = *loop.next();
  part.sequence = 3;
  part.loop = diffusion::bytes_of(loop);
  return {.epoch = 1, .seq = seq, .sequences = {part}, .closed = {}, .burst = 20};
}

TEST_F(DeviceThreadTest, ABurstAnswersEveryForwardAsIfItHadBeenAskedFor) {
  diffusion::DiffusionLoop loop = loop_of_six();
  const std::vector<StepResult> results = run_burst(burst_of(loop, 7));
  ASSERT_THAT(results, SizeIs(6));
  golden::WorkerGroup other(golden::golden_dir() / "models" / "moe_mha", 1);
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].seq, 7 + i);
    EXPECT_EQ(results[i].goes_on, i < 5);
    SequenceStep part = *loop.next();
    const std::uint64_t asked = diffusion::digest_of(part);
    EXPECT_EQ(results[i].sequences[0].asked, i == 0 ? 0 : asked);
    const StepResult expected = other.run({1, 1, {std::move(part)}, {}});
    EXPECT_EQ(results[i].sequences[0].candidates, expected.sequences[0].candidates);
    must(loop.apply(expected.sequences[0].candidates));
  }
}

TEST_F(DeviceThreadTest, ABurstEndsWhenItIsToldAndTheNextOneDoesNot) {
  device->end_burst(7);
  EXPECT_THAT(run_burst(burst_of(loop_of_six(), 7)), SizeIs(1));
  EXPECT_THAT(run_burst(burst_of(loop_of_six(), 8)), SizeIs(6));
}

/// A device that is alone, and whose handshake fails.
class FailingCollectives final : public CollectiveFactory {
 public:
  explicit FailingCollectives(kernels::DeviceFault fault) : fault_(fault) {}

  Result<Bytes> prepare(Epoch, int, int) override { return Bytes(1); }
  Result<std::unique_ptr<Collective>> connect(const std::vector<Bytes>&,
                                              std::chrono::milliseconds) override {
    throw kernels::DeviceError("GPU 3 is still busy", fault_);
  }
  void abort() override {}

 private:
  const kernels::DeviceFault fault_;
};

TEST_F(DeviceThreadTest, AnErrorOfTheDeviceEndsTheProcessAtOnce) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  const auto connect = [&] {
    FailingCollectives failing(kernels::DeviceFault::kHardware);
    DeviceThread other(bed.env(), failing, 5s, exit_with_its_words);
    std::promise<void> answered;
    other.connect(1, {Bytes(1)}, [&](const Result<>&) { answered.set_value(); });
    answered.get_future().wait();
  };
  EXPECT_EXIT(connect(), testing::ExitedWithCode(int(kernels::DeviceFault::kHardware)),
              "lost: GPU 3 is still busy");
}

}  // namespace
}  // namespace unmask::actors

/// What the emulated device says to host code and kernels that are wrong.

#include <gtest/gtest.h>

#include <vector>

#include "emulation/device.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/device_memory.h"

namespace unmask::kernels {
namespace {

using Floats = std::vector<float>;

/// Numbers in device memory.
class DeviceFloats {
 public:
  explicit DeviceFloats(const Floats& values) : memory_(values.size() * sizeof(float)) {
    cudaMemcpy(data(), values.data(), memory_.size(), cudaMemcpyHostToDevice);
  }
  [[nodiscard]] float* data() const { return static_cast<float*>(memory_.data()); }

  /// What is there now; does not wait for any stream.
  [[nodiscard]] float first() const {
    float value = 0;
    cudaMemcpy(&value, data(), sizeof(value), cudaMemcpyDeviceToHost);
    return value;
  }

 private:
  DeviceMemory memory_;
};

struct AddShared {
  float values[64];
};

__global__ void add_kernel(float* x, const float* y) { *x += *y; }

/// x[0] = the sum of x[0 .. 64), with or without what keeps it from being a race.
__global__ void sum_kernel(float* x, bool with_barrier) {
  auto& shared = block_shared<AddShared>();
  shared.values[threadIdx.x] = x[threadIdx.x];
  if (with_barrier) __syncthreads();
  float sum = 0;
  for (const float value : shared.values) sum += value;
  if (threadIdx.x == 0) x[0] = sum;
}

__global__ void barrier_for_some_kernel() {
  if (threadIdx.x > 0) __syncthreads();
}

__global__ void divergent_shuffle_kernel(int* x) {
  if (threadIdx.x < 16) {
    x[threadIdx.x] = __shfl_xor_sync(kAllLanes, int(threadIdx.x), 1);
  }
}

__global__ void write_kernel(float* x, int idx) { x[idx] = 1.0f; }

class EmulationTest : public testing::Test {
 public:
  EmulationTest() {
    testing::GTEST_FLAG(death_test_style) = "threadsafe";
    cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking);
  }
  ~EmulationTest() override { cudaStreamDestroy(stream_); }

 protected:
  cudaStream_t stream_ = nullptr;
};

/// x += y on two streams in turn, with or without the event between them; the result.
float two_streams(bool with_event) {
  cudaStream_t first, second;
  cudaEvent_t event;
  cudaStreamCreateWithFlags(&first, cudaStreamNonBlocking);
  cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking);
  cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
  const DeviceFloats x(Floats{1}), y(Floats{0}), z(Floats{1});
  cudaMemcpyAsync(y.data(), x.data(), sizeof(float), cudaMemcpyDeviceToDevice, first);
  cudaEventRecord(event, first);
  if (with_event) cudaStreamWaitEvent(second, event, 0);
  launch(add_kernel, {dim3(1), dim3(1), 0, second}, z.data(), y.data());
  cudaStreamSynchronize(first);
  cudaStreamSynchronize(second);
  const float result = z.first();
  cudaEventDestroy(event);
  cudaStreamDestroy(first);
  cudaStreamDestroy(second);
  return result;
}

TEST_F(EmulationTest, AMissingEventIsSeenUnderSomeSchedule) {
  const std::uint64_t seed = emulation::schedule_seed();
  int num_wrong = 0;
  for (std::uint64_t s = 0; s < 8; ++s) {
    emulation::set_schedule_seed(s);
    EXPECT_EQ(two_streams(true), 2.0f);
    num_wrong += two_streams(false) != 2.0f;
  }
  emulation::set_schedule_seed(seed);
  EXPECT_GT(num_wrong, 0);
}

TEST_F(EmulationTest, AMissingBarrierIsSeen) {
  const std::uint64_t seed = emulation::schedule_seed();
  emulation::set_schedule_seed(0);  // the reader is not the last to come
  const Floats ones(64, 1.0f);
  for (const bool with_barrier : {true, false}) {
    const DeviceFloats x(ones);
    launch(sum_kernel, {dim3(1), dim3(64), 0, stream_}, x.data(), with_barrier);
    cudaStreamSynchronize(stream_);
    EXPECT_EQ(x.first() == 64.0f, with_barrier);  // memory that nobody wrote is NaN
  }
  emulation::set_schedule_seed(seed);
}

TEST_F(EmulationTest, ABarrierThatSomeThreadsDoNotReachIsRefused) {
  const auto run = [&] {
    launch(barrier_for_some_kernel, {dim3(1), dim3(64), 0, stream_});
    cudaStreamSynchronize(stream_);
  };
  EXPECT_DEATH(run(), "__syncthreads");
}

TEST_F(EmulationTest, AShuffleInADivergentBranchIsRefused) {
  const DeviceFloats x(Floats(32));
  const auto run = [&] {
    launch(divergent_shuffle_kernel, {dim3(1), dim3(32), 0, stream_},
           reinterpret_cast<int*>(x.data()));
    cudaStreamSynchronize(stream_);
  };
  EXPECT_DEATH(run(), "warp collective|deadlock");
}

TEST_F(EmulationTest, ResultsAreNotThereBeforeSynchronize) {
  const DeviceFloats x(Floats{1}), y(Floats{0});
  cudaMemcpyAsync(y.data(), x.data(), sizeof(float), cudaMemcpyDeviceToDevice, stream_);
  EXPECT_EQ(y.first(), 0.0f);  // cudaMemcpy does not wait for this stream
  cudaStreamSynchronize(stream_);
  EXPECT_EQ(y.first(), 1.0f);
}

TEST_F(EmulationTest, WorkThatWaitsForAnotherProcessIsAskedAgain) {
  int num_asked = 0;
  emulation::enqueue(stream_, "waits", [&] { return ++num_asked == 4; });
  cudaStreamSynchronize(stream_);
  EXPECT_EQ(num_asked, 4);
}

TEST_F(EmulationTest, FreeingMemoryWaitsForItsOwnDeviceOnly) {
  bool may_end = false;
  emulation::enqueue(stream_, "waits", [&] { return may_end; });
  cudaSetDevice(1);
  { const DeviceFloats x(Floats{1}); }
  EXPECT_EQ(cudaStreamQuery(stream_), cudaErrorNotReady);
  cudaSetDevice(0);
  may_end = true;
  { const DeviceFloats x(Floats{1}); }
  EXPECT_EQ(cudaStreamQuery(stream_), cudaSuccess);
}

TEST_F(EmulationTest, PageableMemoryIsRefused) {
  const DeviceFloats x(Floats(1));
  float host = 0;
  EXPECT_DEATH(cudaMemcpyAsync(x.data(), &host, 4, cudaMemcpyHostToDevice, stream_), "pageable");
}

TEST_F(EmulationTest, AKernelGivenHostMemoryIsRefused) {
  float host[2] = {};
  EXPECT_DEATH(launch(add_kernel, {dim3(1), dim3(1), 0, stream_}, host, host + 1),
               "not device memory");
}

TEST_F(EmulationTest, TheDefaultStreamIsRefused) {
  const DeviceFloats x(Floats(2));
  EXPECT_DEATH(launch(add_kernel, {dim3(1), dim3(1), 0, nullptr}, x.data(), x.data()),
               "default stream");
}

TEST_F(EmulationTest, SynchronizingACaptureIsRefused) {
  cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal);
  EXPECT_DEATH(cudaStreamSynchronize(stream_), "being captured");
  cudaGraph_t graph;
  cudaStreamEndCapture(stream_, &graph);
  cudaGraphDestroy(graph);
}

TEST_F(EmulationTest, AnImpossibleLaunchIsADeviceError) {
  const DeviceFloats x(Floats(1));
  EXPECT_THROW(launch(write_kernel, {dim3(1), dim3(2048), 0, stream_}, x.data(), 0), DeviceError);
}

#if defined(__SANITIZE_ADDRESS__)
TEST_F(EmulationTest, TheHostMayNotTouchDeviceMemory) {
  const DeviceFloats x(Floats(4));
  EXPECT_DEATH(x.data()[1] = 1.0f, "use-after-poison");
}

TEST_F(EmulationTest, AKernelMayNotWriteBeyondItsMemory) {
  const DeviceFloats x(Floats(4));
  const auto run = [&] {
    launch(write_kernel, {dim3(1), dim3(1), 0, stream_}, x.data(), 4);
    cudaStreamSynchronize(stream_);
  };
  EXPECT_DEATH(run(), "heap-buffer-overflow");
}
#endif

}  // namespace
}  // namespace unmask::kernels

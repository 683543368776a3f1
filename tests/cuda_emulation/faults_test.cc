#include "emulation/faults.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "kernels/cuda/device.h"
#include "kernels/cuda/device_memory.h"
#include "tests/unit/temporary_folder.h"

namespace unmask::emulation {
namespace {

constexpr std::size_t at(FaultPoint point) { return std::size_t(point); }

TEST(FaultsTest, TheNthCallOfItsKindFailsAndNoOther) {
  FaultSettings settings;
  settings.at[at(FaultPoint::kCopy)] = {2, cudaErrorInvalidValue};
  Faults faults(settings);
  EXPECT_EQ(faults.next(FaultPoint::kCopy, 0), cudaSuccess);
  EXPECT_EQ(faults.next(FaultPoint::kMalloc, 0), cudaSuccess);
  EXPECT_EQ(faults.next(FaultPoint::kCopy, 0), cudaErrorInvalidValue);
  EXPECT_EQ(faults.next(FaultPoint::kCopy, 0), cudaSuccess);
}

TEST(FaultsTest, AStickyErrorStays) {
  FaultSettings settings;
  settings.sticky = {3, cudaErrorECCUncorrectable};
  Faults faults(settings);
  EXPECT_EQ(faults.next(FaultPoint::kMalloc, 0), cudaSuccess);
  EXPECT_EQ(faults.next(FaultPoint::kOther, 0), cudaSuccess);
  for (const auto point : {FaultPoint::kLaunch, FaultPoint::kOther, FaultPoint::kMalloc}) {
    EXPECT_EQ(faults.next(point, 0), cudaErrorECCUncorrectable);
  }
}

TEST(FaultsTest, OtherGpusDoNotCount) {
  FaultSettings settings;
  settings.gpu = 1;
  settings.at[at(FaultPoint::kLaunch)] = {1, cudaErrorLaunchFailure};
  Faults faults(settings);
  EXPECT_EQ(faults.next(FaultPoint::kLaunch, 0), cudaSuccess);
  EXPECT_EQ(faults.next(FaultPoint::kLaunch, 1), cudaErrorLaunchFailure);
}

TEST(FaultsTest, OneProcessHasTheOneFault) {
  const TemporaryFolder folder;
  FaultSettings settings;
  settings.at[at(FaultPoint::kLaunch)] = {1, cudaErrorLaunchFailure};
  settings.once = (folder.path() / "happened").string();
  Faults first(settings), second(settings);
  EXPECT_EQ(first.next(FaultPoint::kLaunch, 0), cudaErrorLaunchFailure);
  EXPECT_EQ(second.next(FaultPoint::kLaunch, 0), cudaSuccess);
  settings.at = {};
  settings.sticky = {1, cudaErrorIllegalAddress};
  Faults third(settings);
  EXPECT_EQ(third.next(FaultPoint::kLaunch, 0), cudaSuccess);
}

__global__ void fault_test_kernel(float*) {}

/// What a program sees, in a process of its own: the environment is read once.
class FaultsDeathTest : public testing::Test {
 protected:
  FaultsDeathTest() { testing::GTEST_FLAG(death_test_style) = "threadsafe"; }

  /// Exits with the number of the first error within `use`.
  template <typename Use>
  [[noreturn]] static void under(const std::map<std::string, std::string>& environment, Use use) {
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    cudaStream_t stream = nullptr;
    if (cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) != cudaSuccess) std::_Exit(1);
    std::_Exit(int(use(stream)));
  }
  static auto exits_with(cudaError_t error) { return testing::ExitedWithCode(int(error) & 0xff); }
};

TEST_F(FaultsDeathTest, AnAllocationFailsWithFigures) {
  const auto use = [](cudaStream_t) {
    const kernels::DeviceMemory first(100);
    try {
      const kernels::DeviceMemory second(3 << 20);
    } catch (const kernels::DeviceError& error) {
      std::fprintf(stderr, "%s\n", error.what());
      return error.fault() == kernels::DeviceFault::kMemory ? cudaGetLastError() : cudaErrorUnknown;
    }
    return cudaErrorUnknown;
  };
  EXPECT_EXIT(under({{"UNMASK_EMULATED_FAULT_MALLOC", "2"}}, use), exits_with(cudaSuccess),
              "GPU 0 has no room for 3 MiB more: 8191 MiB of 8192 MiB are free");
}

TEST_F(FaultsDeathTest, ALaunchFailsAsADeviceError) {
  const auto use = [](cudaStream_t stream) {
    const kernels::LaunchConfig config{dim3(1), dim3(1), 0, stream};
    kernels::launch(fault_test_kernel, config, nullptr);
    try {
      kernels::launch(fault_test_kernel, config, nullptr);
    } catch (const kernels::DeviceError& error) {
      std::fprintf(stderr, "%s\n", error.what());
      return cudaStreamSynchronize(stream);
    }
    return cudaErrorUnknown;
  };
  EXPECT_EXIT(under({{"UNMASK_EMULATED_FAULT_LAUNCH", "2"}}, use), exits_with(cudaSuccess),
              "kernel launch: .*cudaErrorLaunchOutOfResources");
}

TEST_F(FaultsDeathTest, AStickyErrorIsOfTheHardwareIfCudaSaysSo) {
  const auto use = [](cudaStream_t stream) {
    for (int i = 0; i < 4; ++i) {
      if (cudaStreamSynchronize(stream) != cudaSuccess) break;
    }
    try {
      kernels::cuda_check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
    } catch (const kernels::DeviceError& error) {
      if (error.fault() == kernels::DeviceFault::kHardware) return cudaStreamQuery(stream);
    }
    return cudaErrorUnknown;
  };
  EXPECT_EXIT(under({{"UNMASK_EMULATED_FAULT_STICKY", "3:214"}}, use),
              exits_with(cudaErrorECCUncorrectable), "");
}

TEST_F(FaultsDeathTest, CopiesAndGraphsFail) {
  const auto copy = [](cudaStream_t) {
    const kernels::DeviceMemory memory(4);
    const int value = 1;
    return cudaMemcpy(memory.data(), &value, sizeof value, cudaMemcpyHostToDevice);
  };
  EXPECT_EXIT(under({{"UNMASK_EMULATED_FAULT_COPY", "1"}}, copy), exits_with(cudaErrorInvalidValue),
              "");
  const auto graph = [](cudaStream_t stream) {
    cudaGraph_t captured = nullptr;
    cudaGraphExec_t ready = nullptr;
    cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
    const cudaError_t end = cudaStreamEndCapture(stream, &captured);
    return end != cudaSuccess ? end : cudaGraphInstantiate(&ready, captured, 0);
  };
  EXPECT_EXIT(under({{"UNMASK_EMULATED_FAULT_CAPTURE", "1"}}, graph),
              exits_with(cudaErrorStreamCaptureInvalidated), "");
  EXPECT_EXIT(under({{"UNMASK_EMULATED_FAULT_INSTANTIATE", "1"}}, graph),
              exits_with(cudaErrorMemoryAllocation), "");
}

}  // namespace
}  // namespace unmask::emulation

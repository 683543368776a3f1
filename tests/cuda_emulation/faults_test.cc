#include "emulation/faults.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "kernels/cuda/device.h"
#include "kernels/cuda/device_memory.h"
#include "kernels/make_backend.h"
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
  settings.sticky = {2, cudaErrorECCUncorrectable};
  Faults faults(settings);
  for (const auto point : {FaultPoint::kMalloc, FaultPoint::kLaunch, FaultPoint::kOther}) {
    EXPECT_EQ(faults.next(point, 0), cudaSuccess);
  }
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
    const kernels::LaunchConfig config{dim3(1), dim3(1), 0, stream};
    kernels::launch(fault_test_kernel, config, nullptr);
    try {
      kernels::launch(fault_test_kernel, config, nullptr);
    } catch (const kernels::DeviceError&) {
      cudaGetLastError();
    }
    try {
      kernels::cuda_check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
    } catch (const kernels::DeviceError& error) {
      if (error.fault() == kernels::DeviceFault::kHardware) return cudaStreamQuery(stream);
    }
    return cudaErrorUnknown;
  };
  EXPECT_EXIT(under({{"UNMASK_EMULATED_FAULT_STICKY", "2:214"}}, use),
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

TEST_F(FaultsDeathTest, ARecordingThatFailsIsNoFaultOfTheDeviceUnlessTheDeviceIsLost) {
  const auto record = [](cudaStream_t) {
    const auto backend = kernels::make_backend({.kind = kernels::DeviceKind::kCuda});
    if (!backend) return cudaErrorUnknown;
    try {
      const auto recorded = (*backend)->record([&]() -> Result<> {
        const kernels::LaunchConfig config{dim3(1), dim3(1), 0,
                                           static_cast<cudaStream_t>((*backend)->stream().handle)};
        kernels::launch(fault_test_kernel, config, nullptr);
        kernels::launch(fault_test_kernel, config, nullptr);
        return {};
      });
      return recorded ? cudaErrorUnknown : cudaErrorNotReady;
    } catch (const kernels::DeviceError& error) {
      const bool is_hardware = error.fault() == kernels::DeviceFault::kHardware;
      return is_hardware ? cudaErrorECCUncorrectable : cudaErrorUnknown;
    }
  };
  EXPECT_EXIT(under({{"UNMASK_EMULATED_FAULT_LAUNCH", "2"}}, record), exits_with(cudaErrorNotReady),
              "");
  EXPECT_EXIT(under({{"UNMASK_EMULATED_FAULT_STICKY", "2:214"}}, record),
              exits_with(cudaErrorECCUncorrectable), "");
}

}  // namespace
}  // namespace unmask::emulation

#include "kernels/gpus.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdlib>

namespace unmask::kernels {
namespace {

Gpu look_at(int index) {
  Gpu gpu{.index = index};
  cudaDeviceProp properties{};
  if (const cudaError_t status = cudaGetDeviceProperties(&properties, index);
      status != cudaSuccess) {
    gpu.problem = std::string("it cannot be asked: ") + cudaGetErrorString(status);
    return gpu;
  }
  gpu.name = properties.name;
  gpu.capability = 10 * properties.major + properties.minor;
  gpu.total_bytes = properties.totalGlobalMem;
  if (gpu.capability < kLeastCapability) {
    gpu.problem = "it is sm_" + std::to_string(gpu.capability) + ", and unmask needs sm_" +
                  std::to_string(kLeastCapability) + " or newer: compute with --device cpu";
  }
  return gpu;
}

/// Why there is no GPU at all.
std::string why_none(const Gpus& gpus, cudaError_t status) {
  if (gpus.driver_version == 0) {
    return "there is no NVIDIA driver on this machine: install one, or compute with --device cpu";
  }
  if (gpus.driver_version / 1000 < gpus.runtime_version / 1000) {
    return "the NVIDIA driver serves CUDA " + show_cuda_version(gpus.driver_version) +
           ", and this program needs " + show_cuda_version(gpus.runtime_version) +
           ": install a newer driver";
  }
  const char* const visible = std::getenv("CUDA_VISIBLE_DEVICES");
  const std::string hidden =
      visible == nullptr ? "" : " with CUDA_VISIBLE_DEVICES=" + std::string(visible);
  if (status == cudaSuccess || status == cudaErrorNoDevice) {
    return "the NVIDIA driver sees no GPU" + hidden + ": compute with --device cpu";
  }
  return std::string("CUDA cannot be used: ") + cudaGetErrorString(status) + hidden;
}

bool reaches(const Gpu& from, const Gpu& to) {
  int does = 0;
  return cudaDeviceCanAccessPeer(&does, from.index, to.index) == cudaSuccess && does != 0;
}

}  // namespace

std::vector<GpusApart> find_gpus_apart(const Gpus& gpus) {
  std::vector<GpusApart> apart;
  for (const Gpu& first : gpus.all) {
    for (const Gpu& second : gpus.all) {
      if (second.index <= first.index || !first.problem.empty() || !second.problem.empty())
        continue;
      if (!reaches(first, second) || !reaches(second, first)) {
        apart.push_back({first.index, second.index});
      }
    }
  }
  cudaGetLastError();  // it would be taken for that of a launch
  return apart;
}

Gpus find_gpus() {
  Gpus gpus{.is_built_in = true};
  cudaDriverGetVersion(&gpus.driver_version);
  cudaRuntimeGetVersion(&gpus.runtime_version);
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess || count == 0) {
    cudaGetLastError();  // it would be taken for that of a launch
    gpus.problem = why_none(gpus, status);
    return gpus;
  }
  for (int i = 0; i < count; ++i) gpus.all.push_back(look_at(i));
  if (std::ranges::all_of(gpus.all, [](const Gpu& gpu) { return !gpu.problem.empty(); })) {
    gpus.problem = "GPU 0 cannot be used: " + gpus.all.front().problem;
  }
  return gpus;
}

}  // namespace unmask::kernels

#include "runtime/cli/doctor/gpu_checks.h"

#include <algorithm>
#include <utility>

#include "runtime/base/show_bytes.h"
#include "runtime/config/device_name.h"

namespace unmask::cli {
namespace {

int num_usable(const kernels::Gpus& gpus) {
  return int(
      std::ranges::count_if(gpus.all, [](const kernels::Gpu& gpu) { return gpu.problem.empty(); }));
}

}  // namespace

bool wants_gpu(const ClusterConfig& config) {
  for (std::int32_t replica = 0; replica < config.cluster.replicas; ++replica) {
    for (std::int32_t rank = 0; rank < config.cluster.workers; ++rank) {
      const auto device = parse_device_name(config.worker(replica, rank).device);
      if (device && device->kind == DeviceName::Kind::kCuda) return true;
    }
  }
  return false;
}

Check check_driver(const kernels::Gpus& gpus, bool is_wanted) {
  constexpr const char* kName = "driver";
  const Verdict absent = is_wanted ? Verdict::kProblem : Verdict::kNote;
  if (!gpus.is_built_in) {
    return {kName, absent, "not asked: this program was built without CUDA",
            "to compute on NVIDIA GPUs, build with ./dev build cuda"};
  }
  const std::string needed = kernels::show_cuda_version(gpus.runtime_version);
  if (gpus.driver_version == 0) {
    return {kName, absent, "there is none of NVIDIA's, so workers compute on the CPU",
            "for GPUs, install a driver that serves CUDA " + needed};
  }
  const std::string served = kernels::show_cuda_version(gpus.driver_version);
  if (gpus.driver_version / 1000 < gpus.runtime_version / 1000) {
    return {kName, Verdict::kProblem,
            "it serves CUDA " + served + ", and this program needs " + needed,
            "install a newer NVIDIA driver"};
  }
  return {kName, Verdict::kOk, "it serves CUDA " + served + ", this program has " + needed};
}

std::vector<Check> check_gpus(const kernels::Gpus& gpus, bool is_wanted) {
  if (gpus.driver_version == 0) return {};
  if (gpus.all.empty()) {
    return {{"GPUs", is_wanted ? Verdict::kProblem : Verdict::kNote, gpus.problem,
             "see what nvidia-smi lists, and what CUDA_VISIBLE_DEVICES hides"}};
  }
  const bool is_lost = is_wanted && num_usable(gpus) == 0;
  std::vector<Check> checks;
  for (const kernels::Gpu& gpu : gpus.all) {
    Check check{"GPU " + std::to_string(gpu.index), Verdict::kOk, gpu.problem};
    if (gpu.problem.empty()) {
      check.found =
          gpu.name + ", sm_" + std::to_string(gpu.capability) + ", " + show_bytes(gpu.total_bytes);
    } else {
      check.verdict = is_lost ? Verdict::kProblem : Verdict::kNote;
      check.advice = "workers pass it over";
    }
    checks.push_back(std::move(check));
  }
  return checks;
}

std::vector<Check> check_peers(const kernels::Gpus& gpus,
                               const std::vector<kernels::GpusApart>& apart) {
  constexpr const char* kName = "peer access";
  if (num_usable(gpus) < 2) return {};
  if (apart.empty()) return {{kName, Verdict::kOk, "each GPU reaches the memory of all others"}};
  const std::string more =
      apart.size() > 1 ? ", nor do " + std::to_string(apart.size() - 1) + " other pairs" : "";
  return {{kName, Verdict::kNote,
           "GPUs " + std::to_string(apart.front().first) + " and " +
               std::to_string(apart.front().second) + " do not reach each other's memory" + more,
           "let the workers of a replica be on GPUs that do: nvidia-smi topo -p2p r"}};
}

Check check_nccl(const Result<std::string>& version, const kernels::Gpus& gpus,
                 const std::string& interface) {
  constexpr const char* kName = "NCCL";
  if (version) {
    return {kName, Verdict::kOk,
            *version + ", between hosts over " +
                (interface.empty() ? "the interface that it chooses (collective.interface)"
                                   : interface)};
  }
  const bool is_needed = num_usable(gpus) > 1;
  return {kName, is_needed ? Verdict::kProblem : Verdict::kNote, version.error().message,
          is_needed ? "or start one worker per replica, which needs none" : ""};
}

Check check_cublas_lt(const Result<std::string>& version, const std::string& numerics) {
  constexpr const char* kName = "cuBLASLt";
  const bool is_wanted = numerics == "fast";
  if (version) {
    return {kName, Verdict::kOk,
            *version + (is_wanted ? ", where it is measured to be faster"
                                  : ", which numerics=exact does not use")};
  }
  return {kName, is_wanted ? Verdict::kNote : Verdict::kOk,
          is_wanted ? version.error().message : "not there, nor wanted under numerics=exact",
          is_wanted ? "until then, unmask's own kernels compute everything" : ""};
}

}  // namespace unmask::cli

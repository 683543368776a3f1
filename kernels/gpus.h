#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace unmask::kernels {

/// The oldest GPUs that the kernels are made for: sm_80.
inline constexpr int kLeastCapability = 80;

/// A GPU that CUDA sees, which CUDA_VISIBLE_DEVICES may hide or order.
struct Gpu {
  int index = 0;
  std::string name{};             ///< "NVIDIA H200"
  int capability = 0;             ///< 90: sm_90
  std::uint64_t total_bytes = 0;  ///< of its memory
  std::string problem{};          ///< why it cannot be used, half a sentence; empty: it can
};

/// What CUDA says of this machine. No GPU is touched for it, so none loses memory to a context.
struct Gpus {
  bool is_built_in = false;  ///< false: a program without CUDA, which sees nothing
  int driver_version = 0;    ///< the newest CUDA it can serve, 13000: 13.0; 0: there is no driver
  int runtime_version = 0;   ///< the CUDA that this program was built with
  std::vector<Gpu> all{};    ///< by index
  std::string problem{};     ///< why there is none that can be used, a sentence; empty: there is
};

[[nodiscard]] Gpus find_gpus();

/// Two of them that do not both reach the other's memory directly.
struct GpusApart {
  int first = 0, second = 0;

  friend bool operator==(const GpusApart&, const GpusApart&) = default;
};

/// All such pairs of those that can be used. Touches no GPU either.
[[nodiscard]] std::vector<GpusApart> find_gpus_apart(const Gpus& gpus);

/// 13000 as "13.0".
[[nodiscard]] std::string show_cuda_version(int version);

}  // namespace unmask::kernels

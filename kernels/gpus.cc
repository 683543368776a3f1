#include "kernels/gpus.h"

namespace unmask::kernels {

std::string show_cuda_version(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

}  // namespace unmask::kernels

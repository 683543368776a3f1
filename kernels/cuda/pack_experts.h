#pragma once

#include <memory>
#include <span>

#include "kernels/cuda/cuda_experts.h"
#include "kernels/cuda/upload_ring.h"

namespace unmask::kernels {

/// Experts of one shape on the way to this thread's current device: later work on the stream of
/// `ring` sees them.
[[nodiscard]] std::unique_ptr<CudaExperts> pack_experts(std::span<const ExpertMatrices> experts,
                                                        DType dtype, ExpertLayout layout,
                                                        const ShareOffsets& shares,
                                                        UploadRing& ring);

}  // namespace unmask::kernels

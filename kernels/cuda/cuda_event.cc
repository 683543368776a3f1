#include "kernels/cuda/cuda_event.h"

#include "kernels/cuda/cuda_check.h"

namespace unmask::kernels {
namespace {

constexpr int kLooks = 128;  // tens of microseconds

}  // namespace

CudaEvent::CudaEvent() {
  cuda_check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming | cudaEventBlockingSync),
             "cudaEventCreateWithFlags");
}

CudaEvent::~CudaEvent() { cudaEventDestroy(event_); }

void CudaEvent::record(cudaStream_t stream) const {
  cuda_check(cudaEventRecord(event_, stream), "cudaEventRecord");
}

void CudaEvent::wait() const {
  for (int i = 0; i < kLooks; ++i) {
    const cudaError_t status = cudaEventQuery(event_);
    if (status == cudaSuccess) return;
    if (status != cudaErrorNotReady) cuda_check(status, "cudaEventQuery");
  }
  cuda_check(cudaEventSynchronize(event_), "cudaEventSynchronize");
}

}  // namespace unmask::kernels

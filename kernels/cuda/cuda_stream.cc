#include "kernels/cuda/cuda_stream.h"

#include "kernels/cuda/cuda_check.h"

namespace unmask::kernels {

CudaStream::CudaStream(int device) {
  cuda_check(cudaSetDevice(device), "cudaSetDevice");
  cuda_check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking),
             "cudaStreamCreateWithFlags");
}

CudaStream::~CudaStream() { cudaStreamDestroy(stream_); }

}  // namespace unmask::kernels

#if defined(__CUDACC__)
#include <cuda_runtime.h>
#endif
#include <emulation/device.h>

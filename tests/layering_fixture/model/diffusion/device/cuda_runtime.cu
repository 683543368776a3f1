#include <cuda_runtime.h>  // forbidden: only through device.h

#include <cublasLt.h>  // forbidden: of kernels/cuda

#include <oneapi/dnnl/dnnl.hpp>  // forbidden: of kernels/cpu

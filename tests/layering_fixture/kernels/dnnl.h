#include <dnnl.hpp>  // forbidden: of kernels/cpu

#include "kernels/cuda/device.h"  // forbidden: of kernels/cuda and the folder beside

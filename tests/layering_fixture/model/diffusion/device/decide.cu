#include "kernels/cuda/device.h"

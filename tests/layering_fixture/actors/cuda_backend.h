#include "kernels/cuda/backend.h"  // forbidden: behind kernels/backend.h

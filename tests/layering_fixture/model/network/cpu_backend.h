#include "kernels/cpu/backend.h"  // forbidden: behind kernels/backend.h

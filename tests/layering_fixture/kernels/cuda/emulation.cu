#include <emulation/device.h>  // forbidden: only through device.h and ptx.h

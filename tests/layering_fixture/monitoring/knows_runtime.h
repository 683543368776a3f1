#include "runtime/base/metrics.h"
#include "runtime/clock.h"  // forbidden: upwards

#include "runtime/actor/clock.h"  // forbidden: upwards
#include "runtime/base/metrics.h"

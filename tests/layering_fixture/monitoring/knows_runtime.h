#include "runtime/base/metrics.h"
#include "runtime/actor/clock.h"  // forbidden: upwards

#include "runtime/base/check.h"
#include "runtime/clock.h"  // forbidden: upwards

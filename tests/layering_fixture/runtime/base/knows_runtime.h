#include "runtime/actor/clock.h"  // forbidden: upwards
#include "runtime/base/check.h"

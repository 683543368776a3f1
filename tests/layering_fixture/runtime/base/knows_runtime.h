#include "runtime/base/check.h"
#include "runtime/actor/clock.h"  // forbidden: upwards

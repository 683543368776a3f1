#pragma once

#include "runtime/cli/command_line.h"

namespace unmask::cli {

/// `unmask doctor model DIR`.
void add_doctor_model(Command doctor);

}  // namespace unmask::cli

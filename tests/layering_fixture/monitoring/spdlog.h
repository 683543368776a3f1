#include <spdlog/spdlog.h>  // forbidden: of runtime

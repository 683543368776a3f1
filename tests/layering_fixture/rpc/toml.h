#include <toml++/toml.h>  // forbidden: of runtime

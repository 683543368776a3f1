#include <prometheus/registry.h>  // forbidden: of monitoring

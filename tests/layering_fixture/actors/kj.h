#include <kj/common.h>  // forbidden: of rpc

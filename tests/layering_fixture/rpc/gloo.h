#include <gloo/allreduce.h>  // forbidden: of rpc/collective

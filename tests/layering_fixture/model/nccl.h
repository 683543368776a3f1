#include <nccl.h>  // forbidden: of rpc/collective

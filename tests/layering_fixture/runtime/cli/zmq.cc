#include <zmq.h>  // forbidden: of rpc, even for the composition root

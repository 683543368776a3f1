#include <capnp/message.h>  // forbidden: of rpc

#include <capnp/message.h>
#include <unistd.h>

#include "rpc/protocol.capnp.h"

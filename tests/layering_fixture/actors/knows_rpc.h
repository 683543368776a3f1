#include "model/collective.h"
#include "rpc/envelope.h"  // forbidden: actors and rpc meet only in the messages

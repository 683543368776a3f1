#include <boost/asio/io_context.hpp>  // forbidden: of runtime

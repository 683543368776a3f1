#include <boost/asio/any_io_executor.hpp>  // forbidden: of the folder above

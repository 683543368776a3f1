#include <boost/system/error_code.hpp>  // forbidden: of runtime

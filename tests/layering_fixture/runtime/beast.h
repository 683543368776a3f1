#include <boost/beast/http.hpp>  // forbidden: of rpc

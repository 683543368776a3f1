#include <boost/json.hpp>  // forbidden: of model

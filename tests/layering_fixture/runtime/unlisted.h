#include <boost/lockfree/queue.hpp>  // forbidden: no line in the table

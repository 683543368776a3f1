#include <sqlite3.h>  // forbidden: of the job store

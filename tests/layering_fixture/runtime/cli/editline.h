#include <editline/readline.h>  // forbidden: of runtime/cli/chat

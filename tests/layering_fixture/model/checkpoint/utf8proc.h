#include <utf8proc.h>  // forbidden: of model/tokenizer

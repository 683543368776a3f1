#include <gmock/gmock.h>  // forbidden: of tests

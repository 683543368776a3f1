#include <gtest/gtest.h>  // forbidden: of tests

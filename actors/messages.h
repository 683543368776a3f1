/// What actors say to each other.

#pragma once

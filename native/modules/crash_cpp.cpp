// Lets std::runtime_error("the back end is away") escape: 0xE06D7363 for the Microsoft ABI, 0x20474343 for mingw.

#include "crash.h"
#include <stdexcept>

void crash() { throw std::runtime_error("the back end is away"); }

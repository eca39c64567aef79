// Lets std::runtime_error("the back end is away") escape: 0xE06D7363 for the Microsoft ABI; mingw's run-time raises
// 0x20474343, finds no handler, and may end the process with abort().

#include "crash.h"
#include <stdexcept>

void crash() { throw std::runtime_error("the back end is away"); }

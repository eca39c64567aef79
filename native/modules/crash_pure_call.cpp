// Calls a pure virtual method from a constructor: the C++ run-time ends the process.

#include "crash.h"

struct Handler
{
    Handler() { start(); }
    __attribute__((noinline)) void start() { handle(); }
    virtual void handle() = 0;
};

struct Concrete : Handler
{
    void handle() override {}
};

void crash() { new Concrete; }

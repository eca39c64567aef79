// Never returns: sleeps for ever, or spins if the environment variable IISMOD_HANG is "spin".

#include "crash.h"

void crash()
{
    char how[8] = "";
    GetEnvironmentVariableA("IISMOD_HANG", how, sizeof how);
    volatile bool spin = strcmp(how, "spin") == 0;
    for (;;)
        if (!spin)
            Sleep(1000);
}

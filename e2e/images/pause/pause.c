// SPDX-License-Identifier: Apache-2.0
// The first process of each pod: keeps its namespaces open, reaps orphans, ends on SIGTERM or
// SIGINT.
#include <signal.h>
#include <sys/wait.h>

int main(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, 0);
    for (;;) {
        int number = 0;
        if (sigwait(&set, &number) == 0 && number != SIGCHLD)
            return 0;
        while (waitpid(-1, 0, WNOHANG) > 0)
            continue;
    }
}

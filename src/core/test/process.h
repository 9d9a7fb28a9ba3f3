/* Real servers for tests: started in a folder of their own, ended by their process id, and by the
 * kernel when the test dies. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

struct process {
    char dir[64]; /* made by process_folder; the program's working folder; server.log lies there */
    pid_t pid;    /* 0: not running */
};
/* A fresh folder. user: who the programs run as when the test is root (servers refuse root); NULL:
 * as the test. */
void process_folder(struct process *p, const char *user);
/* Starts argv[0] (a path) with env ("NAME=value", NULL-ended; NULL: the test's own). */
void process_start(struct process *p, const char *user, const char *const argv[],
                   const char *const env[]);
/* Runs a program to its end in p's folder; its exit status as waitpid gives it. */
int process_run(const struct process *p, const char *user, const char *const argv[],
                const char *const env[]);
/* Sends the signal and waits for the end. */
void process_end(struct process *p, int signal);
/* Removes the folder. */
void process_clear(struct process *p);
/* A port of 127.0.0.1 that nobody listens on. */
int process_port(void);
/* Waits until somebody listens there; fails the test after 60 s, or when p has ended. */
void process_listens(struct process *p, int port);

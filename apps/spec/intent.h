/* What a case needs a client for: each is a line of a client's profile. */
#ifndef NACRE_APPS_SPEC_INTENT_H
#define NACRE_APPS_SPEC_INTENT_H

enum intent {
    INTENT_EXEC,           /* runs a command, logging in with a key */
    INTENT_SHELL,          /* asks for a shell */
    INTENT_SUBSYSTEM,      /* asks for a subsystem */
    INTENT_TERMINAL,       /* runs a command on a terminal, here and there */
    INTENT_PASSWORD,       /* logs in with a password, which it asks for on a terminal */
    INTENT_INTERACTIVE,    /* logs in with keyboard-interactive, on a terminal */
    INTENT_RSA,            /* logs in with an RSA key */
    INTENT_REKEY,          /* begins a key exchange after some data by itself */
    INTENT_REMOTE_FORWARD, /* asks the server to listen */
    INTENT_X11,            /* asks for X11 forwarding */
    INTENTS,
};

#endif

# libssh2. Debian: libssh2-1-dev
prepare = cc -O1 -I{profile}/../../.. -o {key}.libssh2 {profile}/connect_libssh2.c {profile}/libssh2_channel.c {profile}/connected.c {profile}/relay.c -lssh2
program = {key}.libssh2
options = {host} {port} {user} {known_hosts}
target = {command}
exec = exec {key}
shell = shell {key}
subsystem = subsystem {key}
terminal = terminal {key}
password = password -
keyboard-interactive = keyboard-interactive -
rsa = exec {key-rsa}
remote-forward = remote-forward {key}
cannot = begin a rekey by itself; forward X11; show texts of DISCONNECT, DEBUG and banners

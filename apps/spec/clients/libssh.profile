# libssh. Debian: libssh-dev
prepare = cc -O1 -I{profile}/../../.. -o {key}.libssh {profile}/connect_libssh.c {profile}/libssh_channel.c {profile}/connected.c {profile}/relay.c -lssh
program = {key}.libssh
options = {host} {port} {user} {known_hosts}
target = {command}
exec = exec {key}
shell = shell {key}
subsystem = subsystem {key}
terminal = terminal {key}
password = password -
keyboard-interactive = keyboard-interactive -
rsa = exec {key-rsa}
rekey = rekey {key}
remote-forward = remote-forward {key}
cannot = forward X11; show texts of DISCONNECT, DEBUG and banners

# Erlang's ssh. Debian: erlang-ssh
prepare = mkdir {key}.erlang
prepare = erlc -o {key}.erlang {profile}/connect_erlang.erl {profile}/connected.erl
program = erl
options = -noinput -pa {key}.erlang -s connect_erlang main -extra {host} {port} {user} {known_hosts}
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
cannot = forward X11; log in with two methods; show texts of DISCONNECT, DEBUG and banners

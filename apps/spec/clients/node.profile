# node's ssh2. npm: ssh2 ("make node-packages" installs it for nacre's tests)
program = node
options = {profile}/connect_node.cjs {host} {port} {user} {known_hosts}
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

# AsyncSSH. Debian: python3-asyncssh
program = /usr/bin/python3
options = -W ignore {profile}/connect_asyncssh.py {host} {port} {user} {known_hosts}
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
cannot = forward X11 without a display; show banners

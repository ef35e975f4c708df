# Twisted Conch's own program. Debian: python3-twisted
program = conch3
options = --noagent -l {user} -p {port}
target = {host} {command}
exec = -T -i {key}
shell = -T -i {key}
subsystem = -T -s -i {key}
terminal = -t -e none -i {key}
password = -T --user-authentications password
keyboard-interactive = -T --user-authentications keyboard-interactive
rsa = -T -i {key-rsa}
remote-forward = -T -i {key} -R 7777:127.0.0.1:9
cannot = begin a rekey before much data; forward X11; look at the port of a known host

# Paramiko. Debian: python3-paramiko
program = /usr/bin/python3
options = -W ignore {profile}/connect_paramiko.py {host} {port} {user} {known_hosts}
target = {command}
exec = exec {key}
shell = shell {key}
subsystem = subsystem {key}
terminal = terminal {key}
password = password -
keyboard-interactive = keyboard-interactive -
rsa = exec {key-rsa}
remote-forward = remote-forward {key}
x11 = x11 {key}
cannot = begin a rekey before much data; check host certificates; show texts of DISCONNECT, DEBUG and banners

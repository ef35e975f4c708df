# Go's x/crypto/ssh. Debian: golang-golang-x-crypto-dev
prepare = env GO111MODULE=off GOPATH=/usr/share/gocode go build -o {key}.go {profile}/connect_go.go {profile}/connected.go
program = {key}.go
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

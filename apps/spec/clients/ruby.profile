# Ruby's net-ssh. Debian: ruby-net-ssh ruby-ed25519 ruby-bcrypt-pbkdf
program = ruby
options = {profile}/connect_ruby.rb {host} {port} {user} {known_hosts}
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

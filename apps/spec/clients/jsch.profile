# JSch. Debian: libjsch-java, and a JDK
prepare = javac -cp /usr/share/java/jsch.jar -d {key}.jsch {profile}/ConnectJsch.java {profile}/Questions.java
program = java
options = -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp {key}.jsch:/usr/share/java/jsch.jar ConnectJsch {host} {port} {user} {known_hosts}
target = {command}
exec = exec {key-rsa}
shell = shell {key-rsa}
subsystem = subsystem {key-rsa}
terminal = terminal {key-rsa}
password = password -
keyboard-interactive = keyboard-interactive -
rsa = exec {key-rsa}
remote-forward = remote-forward {key-rsa}
cannot = use Ed25519 or rsa-sha2; begin a rekey by itself; show texts of DISCONNECT, DEBUG and banners

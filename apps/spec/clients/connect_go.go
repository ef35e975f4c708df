// A client made with Go's x/crypto/ssh. What is not about it is in connected.go.
package main

import (
	"errors"
	"os"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// The methods that the intent is about, in the order in which they are tried.
func methods() (all []ssh.AuthMethod) {
	if key != "-" {
		all = append(all, ssh.PublicKeys(must(ssh.ParsePrivateKey(must(os.ReadFile(key))))))
	}
	if intent == "password" || intent == "terminal" {
		all = append(all, ssh.PasswordCallback(func() (string, error) { return ask("Password: ", false), nil }))
	}
	if intent == "keyboard-interactive" {
		all = append(all, ssh.KeyboardInteractive(answers))
	}
	return all
}

func start(session *ssh.Session) error {
	if len(command) == 0 {
		return session.Shell()
	} else if intent == "subsystem" {
		return session.RequestSubsystem(command[0])
	}
	return session.Start(command[0])
}

func main() {
	config := &ssh.ClientConfig{User: user, Auth: methods(), HostKeyCallback: must(knownhosts.New(knownHosts))}
	if intent == "rekey" {
		config.RekeyThreshold = 16384
	}
	connection := must(ssh.Dial("tcp", host+":"+port, config))
	if intent == "remote-forward" {
		must(connection.Listen("tcp", "127.0.0.1:7777"))
	}
	session := must(connection.NewSession())
	session.Stdin, session.Stdout, session.Stderr = os.Stdin, os.Stdout, os.Stderr
	if intent == "terminal" {
		check(session.RequestPty("xterm", 24, 80, ssh.TerminalModes{ssh.ECHO: 1}))
	}
	check(start(session))
	err := session.Wait()
	connection.Close()
	if exit := new(ssh.ExitError); errors.As(err, &exit) && exit.Signal() == "" {
		os.Exit(exit.ExitStatus())
	}
	check(err)
}

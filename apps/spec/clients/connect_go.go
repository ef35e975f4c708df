// A client made with Go's x/crypto/ssh: connected.py has the command line.
package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
	"golang.org/x/term"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, strconv.Quote(err.Error())) // what the server sent is escaped
		os.Exit(255)
	}
}

func ask(prompt string, echo bool) (answer string, err error) {
	fmt.Print(strings.Trim(strconv.Quote(prompt), `"`))
	if echo {
		_, err = fmt.Scanln(&answer)
		if err != nil && err.Error() == "unexpected newline" {
			err = nil
		}
		return answer, err
	}
	line, err := term.ReadPassword(0)
	return string(line), err
}

func answers(name, instruction string, questions []string, echos []bool) (all []string, err error) {
	for i, question := range questions {
		answer, err := ask(question, echos[i])
		if err != nil {
			return nil, err
		}
		all = append(all, answer)
	}
	return all, nil
}

// The methods that the intent is about, in the order in which they are tried.
func methods(intent, key string) (all []ssh.AuthMethod) {
	if key != "-" {
		text, err := os.ReadFile(key)
		check(err)
		signer, err := ssh.ParsePrivateKey(text)
		check(err)
		all = append(all, ssh.PublicKeys(signer))
	}
	if intent == "password" || intent == "terminal" {
		all = append(all, ssh.PasswordCallback(func() (string, error) { return ask("Password: ", false) }))
	}
	if intent == "keyboard-interactive" {
		all = append(all, ssh.KeyboardInteractive(answers))
	}
	return all
}

func run(session *ssh.Session, intent string, command []string) error {
	session.Stdin, session.Stdout, session.Stderr = os.Stdin, os.Stdout, os.Stderr
	if intent == "terminal" {
		check(session.RequestPty("xterm", 24, 80, ssh.TerminalModes{ssh.ECHO: 1}))
	}
	if len(command) == 0 {
		check(session.Shell())
		return session.Wait()
	}
	if intent == "subsystem" {
		check(session.RequestSubsystem(command[0]))
		return session.Wait()
	}
	return session.Run(command[0])
}

func main() {
	host, port, user, knownHosts, intent, key := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6]
	known, err := knownhosts.New(knownHosts)
	check(err)
	config := &ssh.ClientConfig{User: user, Auth: methods(intent, key), HostKeyCallback: known}
	if intent == "rekey" {
		config.RekeyThreshold = 16384
	}
	connection, err := ssh.Dial("tcp", host+":"+port, config)
	check(err)
	if intent == "remote-forward" {
		_, err = connection.Listen("tcp", "127.0.0.1:7777")
		check(err)
	}
	session, err := connection.NewSession()
	check(err)
	err = run(session, intent, os.Args[7:])
	connection.Close()
	var exit *ssh.ExitError
	if errors.As(err, &exit) && exit.Signal() == "" {
		os.Exit(exit.ExitStatus())
	}
	check(err)
}

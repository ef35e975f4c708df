// What a client in Go needs that is not about the library: the command line (connected.py), errors and questions.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"
)

var host, port, user, knownHosts, intent, key = os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6]
var command = os.Args[7:]

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, strconv.Quote(err.Error())) // what the server sent is escaped
		os.Exit(255)
	}
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func ask(prompt string, echo bool) string {
	fmt.Print(strings.Trim(strconv.Quote(prompt), `"`))
	if echo {
		return strings.TrimRight(must(bufio.NewReaderSize(os.Stdin, 16).ReadString('\n')), "\r\n")
	}
	return string(must(term.ReadPassword(0)))
}

// An ssh.KeyboardInteractiveChallenge.
func answers(name, instruction string, questions []string, echos []bool) (all []string, err error) {
	for i, question := range questions {
		all = append(all, ask(question, echos[i]))
	}
	return all, nil
}

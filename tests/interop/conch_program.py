"""An SSH server made with Twisted Conch, which runs commands with a shell.

    conch_program.py PORT HOST_KEY USER PUBLIC_KEY

Logs in the user with the key. Prints a line for each login.
"""
import os
import sys

from twisted.conch import avatar
from twisted.conch.checkers import InMemorySSHKeyDB, SSHPublicKeyChecker
from twisted.conch.interfaces import ISession
from twisted.conch.ssh import factory, keys, session
from twisted.cred import portal
from twisted.internet import reactor
from twisted.python import components
from zope.interface import implementer


@implementer(ISession)
class Shell:
    def __init__(self, _):
        self.process = None

    def execCommand(self, protocol, command):
        self.process = reactor.spawnProcess(protocol, "/bin/sh", ["sh", "-c", command], env=os.environ)

    def eofReceived(self):
        if self.process is not None:
            self.process.closeStdin()

    def closed(self):
        if self.process is not None:
            self.process.loseConnection()


class Avatar(avatar.ConchUser):
    def __init__(self):
        super().__init__()
        self.channelLookup[b"session"] = session.SSHSession


@implementer(portal.IRealm)
class Realm:
    def requestAvatar(self, name, _, *interfaces):
        print("accepted", name.decode(), flush=True)
        return interfaces[0], Avatar(), lambda: None


def main():
    port, host_key, user, public_key = sys.argv[1:]
    components.registerAdapter(Shell, Avatar, ISession)
    server = factory.SSHFactory()
    private = keys.Key.fromFile(host_key)
    server.privateKeys = {private.sshType(): private}
    server.publicKeys = {private.sshType(): private.public()}
    known = InMemorySSHKeyDB({user.encode(): [keys.Key.fromFile(public_key)]})
    server.portal = portal.Portal(Realm(), [SSHPublicKeyChecker(known)])
    reactor.listenTCP(int(port), server, interface="127.0.0.1")
    reactor.run()


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""A server made with Twisted Conch (served.py). Its user is the one that runs it; commands run in a shell. Conch gives the
terminal of a session to its user, so it needs root."""
import getpass

from served import HOST_KEYS, KEY, PASSWORD, PORT, say
from twisted.conch import unix
from twisted.conch.checkers import InMemorySSHKeyDB, SSHPublicKeyChecker
from twisted.conch.ssh import factory, keys
from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import Portal
from twisted.internet import reactor


class Realm(unix.UnixSSHRealm):
    def requestAvatar(self, username, mind, *interfaces):
        try:
            return super().requestAvatar(username, mind, *interfaces)
        except TypeError:  # Twisted 22 wants a str
            return super().requestAvatar(username.decode(), mind, *interfaces)


user = getpass.getuser().encode()
host_keys = [keys.Key.fromFile(name) for name in HOST_KEYS]
server = factory.SSHFactory()
server.publicKeys = {key.sshType(): key.public() for key in host_keys}
server.privateKeys = {key.sshType(): key for key in host_keys}
server.portal = Portal(Realm(), [SSHPublicKeyChecker(InMemorySSHKeyDB({user: [keys.Key.fromFile(KEY)]})),
                                 InMemoryUsernamePasswordDatabaseDontUse(**{user.decode(): PASSWORD.encode()})])
say(reactor.listenTCP(PORT, server, interface="127.0.0.1").getHost().port)
reactor.run()

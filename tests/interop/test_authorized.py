"""Options in authorized_keys, enforced by nacre-echo and nacre-serve."""
import contextlib
import ipaddress
import os
import shutil
import subprocess
import unittest

import harness
from clients import Paramiko, Ssh, paramiko
from others import Sshd

NACRE_SERVE = os.path.join(harness.BUILD, "nacre-serve")


class Serve(harness.Server):
    """nacre-serve with a shell that prints its environment."""

    words = ["--", "sh", "-c", "echo served; env"]

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, program=NACRE_SERVE, **more)


def authorize(server, options, key="key"):
    """Write the file with one line: these options, and a key of the server's folder."""
    with open(server.path(key + ".pub"), encoding="ascii") as public, \
            open(server.path("authorized_keys"), "w", encoding="ascii") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(f"{options} {public.read()}")


class AuthorizedCase(unittest.TestCase):
    def echo(self, options, *arguments, **more):
        server = self.enterContext(harness.Server(*arguments, **more))
        authorize(server, options)
        return server

    def serve(self, options, *arguments, **more):
        server = self.enterContext(Serve(*arguments, **more))
        authorize(server, options)
        return server

    def assert_refused(self, server, why):
        before = len(server.events("authorized_keys"))
        done = Ssh(server).run("exit 7")
        self.assertEqual(done.status, 255)
        self.assertIn(b"Permission denied", done.err)
        harness.until(lambda: any(why in event["reason"] for event in server.events("authorized_keys")[before:]),
                      lambda: f"'{why}' in the log:\n{server.tail()}")


class Folders(AuthorizedCase):
    """Whoever can write to a folder can replace the files in it."""

    def test_a_folder_that_others_can_write(self):
        server = self.echo("")
        self.assertEqual(Ssh(server).run("exit 7").status, 7)
        shutil.copy(server.path("authorized_keys"), server.path("older"))
        os.chmod(server.path("older"), 0o600)
        for mode in 0o777, 0o707, 0o702:
            with self.subTest(mode=oct(mode)):
                os.chmod(server.folder, mode)
                os.rename(server.path("older"), server.path("authorized_keys"))
                shutil.copy(server.path("authorized_keys"), server.path("older"))
                os.chmod(server.path("older"), 0o600)
                self.assert_refused(server, f"others can write to the folder {server.folder} (mode {mode:o})")
                os.chmod(server.folder, 0o700)
                self.assertEqual(Ssh(server).run("exit 7").status, 7)

    def test_leftovers_are_no_users(self):
        server = self.enterContext(harness.Server(authorized_keys="keys/%u",
                                                  before=lambda server: os.mkdir(server.path("keys"), 0o700)))
        for user in ".alice.swp", "#alice#", "alice~", "alice.bak", "alice.orig", "alice.dpkg-old", "alice.rpmsave":
            with self.subTest(user=user):
                shutil.copy(server.path("key.pub"), server.path("keys/" + user))
                os.chmod(server.path("keys/" + user), 0o600)
                self.assertEqual(Ssh(server, user=user).run("exit 7").status, 255)
        shutil.copy(server.path("key.pub"), server.path("keys/alice"))
        os.chmod(server.path("keys/alice"), 0o600)
        self.assertEqual(Ssh(server).run("exit 7").status, 7)


class OfTheLogin(AuthorizedCase):
    def test_from(self):
        for allowed in "127.0.0.0/8", "127.0.0.1", "*", "!10.0.0.0/8,127.*":
            with self.subTest(allowed=allowed):
                self.assertEqual(Ssh(self.echo(f'from="{allowed}"')).run("exit 7").status, 7)
        for allowed in "10.0.0.0/8", "*,!127.0.0.1", "localhost", "::/0":
            with self.subTest(allowed=allowed):
                self.assert_refused(self.echo(f'from="{allowed}"'), "authorized_keys:1: key refused: from= does not allow 127.0.0.1")

    def test_from_over_ipv6(self):
        server = self.echo('from="::1/128"', listen="[::1]:0")
        self.assertEqual(Ssh(server).run("exit 7").status, 7)

    def test_from_with_a_zone(self):
        """A link-local address has a zone, and is in no network without one, as with sshd."""
        with open("/proc/net/if_inet6", encoding="ascii") as file:
            found = [line.split() for line in file]
        local = [(ipaddress.IPv6Address(bytes.fromhex(fields[0])), fields[5]) for fields in found if fields[3] == "20"]
        if not local:
            self.skipTest("no interface has a link-local IPv6 address")
        address, zone = local[0]
        host = f"{address}%{zone}"
        server = self.echo("", listen="[::]:0")
        server.host = host
        rows = (("*", True), (host, True), (f"fe80::%{zone}/10", True), (f"{address.exploded}%{zone}", True), (f"*%{zone}", True),
                (f"!{address},*", True), (str(address), False), ("fe80::/10", False), ("::/0", False), ("fe80::%other/10", False),
                (f"!{host},*", False))
        with Sshd(f"ListenAddress ::\nAuthorizedKeysFile {server.path('authorized_keys')}\n") as other:
            for allowed, granted in rows:
                with self.subTest(allowed=allowed):
                    authorize(server, f'from="{allowed}"')
                    done = Ssh(server).run("exit 7", options=["-o", "StrictHostKeyChecking=no"])
                    self.assertEqual(done.status, 7 if granted else 255, done)
                    done = subprocess.run(["ssh", "-F", "none", "-p", str(other.port), "-i", server.path("key"), "-o", "BatchMode=yes",
                                           "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                                           f"{other.user}@{host}", "exit 7"], stdin=subprocess.DEVNULL, capture_output=True,
                                          timeout=harness.PATIENCE, check=False, env=harness.clean_environment(server.folder))
                    self.assertEqual(done.returncode, 7 if granted else 255, done)
        self.assertTrue(server.wait("connection")[0]["addr"].startswith(f"[{host}]:"))

    def test_expiry(self):
        self.assertEqual(Ssh(self.echo('expiry-time="20991231"')).run("exit 7").status, 7)
        self.assert_refused(self.echo('expiry-time="20010101Z"'), "authorized_keys:1: key refused: it has expired")

    def test_invalid_options_grant_nothing(self):
        server = self.echo("")
        for options, why in (("no-such-option", "no-such-option"), ('from="10.0.0.1/8"', "not a list"),
                             ('from="127.*",from="*"', "more than one from="), ('expiry-time="soon"', "not YYYYMMDD"),
                             ('command="never closed', "neither a comment"), ("command", "command"),
                             ('environment="1"', "not NAME=value"), ('permitopen="8080"', "not HOST:PORT"),
                             ('permitlisten="a:b:x"', "not [HOST:]PORT"), ('no-pty="yes"', "no-pty"),
                             ('command="x"y', "malformed options"), ('tunnel="x"', "tunnel= is not"),
                             ('permitopen="::1:80"', "not HOST:PORT")):
            with self.subTest(options=options):
                authorize(server, options)
                self.assert_refused(server, why)

    def test_options_that_cannot_be_enforced_grant_nothing(self):
        server = self.echo("")
        for options in "cert-authority", 'cert-authority,principals="alice"', 'principals="alice"':
            with self.subTest(options=options):
                authorize(server, options)
                self.assert_refused(server, "unsupported option")
        authorize(server, "verify-required")
        self.assert_refused(server, "verify-required is not supported")

    def test_options_without_effect_are_accepted(self):
        server = self.echo("")
        for options in ("no-port-forwarding", "port-forwarding", "no-agent-forwarding", "no-X11-forwarding", "no-x11-forwarding",
                        "no-user-rc", "NO-PTY,pty", "no-touch-required", 'tunnel="0"', 'permitopen="localhost:80"',
                        'permitopen="[::1]:*",permitopen="*:22"', 'permitlisten="8080",permitlisten="localhost:*"',
                        'environment="A=b \\" c"', "restrict,pty,port-forwarding,agent-forwarding,X11-forwarding,user-rc",
                        'from="127.0.0.1",no-pty,command="exit 7",expiry-time="20991231235959Z"'):
            with self.subTest(options=options):
                authorize(server, options)
                self.assertEqual(Ssh(server).run("exit 7").status, 7)
        self.assertEqual(server.events("authorized_keys"), [])

    def test_a_certificate_is_refused_with_its_reason(self):
        """paramiko offers it; ssh 9.2 looks into server-sig-algs first."""
        server = self.echo("")
        harness.ssh_keygen(server.path("ca"))
        subprocess.run(["ssh-keygen", "-q", "-s", server.path("ca"), "-I", "x", "-n", harness.USER, server.path("key.pub")], check=True)
        transport = paramiko.Transport((server.host, server.port))
        self.addCleanup(transport.close)
        transport.start_client(timeout=harness.PATIENCE)
        key = paramiko.Ed25519Key.from_private_key_file(server.path("key"))
        transport.auth_publickey(harness.USER, key)
        self.assertTrue(transport.is_authenticated())  # the key itself
        transport = paramiko.Transport((server.host, server.port))
        self.addCleanup(transport.close)
        transport.start_client(timeout=harness.PATIENCE)
        key.load_certificate(server.path("key-cert.pub"))
        with self.assertRaises(paramiko.AuthenticationException):
            transport.auth_publickey(harness.USER, key)
        refused = server.wait("key_refused", level="info")[0]
        self.assertEqual((refused["user"], refused["algorithm"]), (harness.USER, "ssh-ed25519-cert-v01@openssh.com"))
        self.assertIn("certificates are not supported", refused["reason"])

    def test_each_malformed_line_is_logged_with_its_number(self):
        server = self.echo("")
        with open(server.path("key.pub"), encoding="ascii") as public:
            good = public.read()
        with open(server.path("authorized_keys"), "w", encoding="ascii") as file:
            file.write(f"# comment\nnonsense\n\n{good}ssh-ed25519 AAAA\nno-such-option {good}")
        done = server.watch("authorized_keys", level="warn")
        self.assertEqual(Ssh(server).run("exit 7").status, 7)
        reasons = [event["reason"] for event in done(3)[:3]]
        for number, reason in zip((2, 5, 6), reasons):
            self.assertIn(f"authorized_keys:{number}: ", reason)


class InEcho(AuthorizedCase):
    def test_a_command(self):
        server = self.echo('command="exit 9"')
        self.assertEqual(Ssh(server).run().status, 9)
        self.assertEqual(Ssh(server).run("exit 7").status, 9)
        self.assertEqual(Ssh(server, login="password").run("exit 7").status, 7)  # comes from the key, not from the user

    def test_no_terminal(self):
        for options, answer in (("no-pty", "refused"), ("restrict", "refused"), ("restrict,pty", "granted"),
                                ("no-port-forwarding,no-X11-forwarding", "granted")):
            with self.subTest(options=options):
                server = self.echo(options)
                Ssh(server).run("exit 7", terminal=True)  # it may give up without one
                self.assertEqual(server.wait("request", type="pty-req")[0]["answer"], answer)

    def test_each_connection_has_its_own_restrictions(self):
        server = self.echo("no-pty")
        with contextlib.closing(Paramiko(server).connect()) as first:
            authorize(server, "pty")
            with contextlib.closing(Paramiko(server).connect()) as second:
                second.open_session().get_pty()
                with self.assertRaises(paramiko.SSHException):
                    first.open_session().get_pty()

    def also_authorize_stranger(self, server):
        with open(server.path("authorized_keys"), "a", encoding="ascii") as file, \
                open(server.path("stranger.pub"), encoding="ascii") as public:
            file.write(public.read())

    def test_a_query_for_another_key_changes_nothing(self):
        """The client queries a key without restrictions, which it cannot sign with, and then uses the restricted key."""
        server = self.echo('command="exit 9"')
        self.also_authorize_stranger(server)
        shutil.copy(server.path("stranger.pub"), server.path("public_half.pub"))
        done = Ssh(server).run("exit 7", options=["-v", "-o", "IdentityFile=" + server.path("public_half")])
        self.assertRegex(done.err, rb"Server accepts key: \S*public_half")
        self.assertEqual(done.status, 9)

    def test_a_second_step_changes_nothing(self):
        server = self.echo('command="exit 9"', "--require", "publickey,password")
        self.also_authorize_stranger(server)
        transport = paramiko.Transport((server.host, server.port))
        self.addCleanup(transport.close)
        transport.start_client(timeout=harness.PATIENCE)
        key = paramiko.Ed25519Key.from_private_key_file(server.path("key"))
        self.assertEqual(transport.auth_publickey(harness.USER, key), ["password"])
        transport.auth_password(harness.USER, harness.PASSWORD, fallback=False)
        channel = transport.open_session()
        channel.exec_command("exit 7")
        self.assertEqual(channel.recv_exit_status(), 9)


class InServe(AuthorizedCase):
    def variables(self, out):
        return dict(line.split("=", 1) for line in out.decode().splitlines() if "=" in line)

    def test_a_command(self):
        server = self.serve('command="echo forced: $SSH_ORIGINAL_COMMAND; exit 4"')
        self.assertEqual(Ssh(server).run(), (4, b"forced:\n", b""))
        self.assertEqual(Ssh(server).run("rm -r x"), (4, b"forced: rm -r x\n", b""))
        self.assertEqual(Ssh(server).run(subsystem="sftp")[:2], (4, b"forced: sftp\n"))

    def test_an_environment(self):
        """As with sshd's PermitUserEnvironment, which is off unless it is named."""
        options = 'environment="COLOUR=blue",environment="LANG=C",environment="COLOUR=red"'
        sent = ["-o", "SetEnv=LANG=de_DE.UTF-8"]
        server = self.serve(options, "--permit-user-environment")
        found = self.variables(Ssh(server).run(options=sent).out)
        self.assertEqual((found["COLOUR"], found["LANG"]), ("blue", "C"))
        self.assertEqual(server.events("environment"), [])
        server = self.serve(options)
        found = self.variables(Ssh(server).run(options=sent).out)
        self.assertEqual((found.get("COLOUR"), found["LANG"]), (None, "de_DE.UTF-8"))
        self.assertIn("--permit-user-environment", server.wait("environment")[0]["reason"])

    def test_as_many_variables_as_sshd_allows(self):
        server = self.serve(",".join(f'environment="V{i}=x"' for i in range(1024)), "--permit-user-environment")
        found = self.variables(Ssh(server).run(options=["-o", "SetEnv=LC_1=y"]).out)
        self.assertEqual(sum(name[0] == "V" for name in found), 1024)
        self.assertEqual(found["LC_1"], "y")

    def test_variables_of_the_client(self):
        server = self.serve("")
        names = "LANG", "LC_ALL", "LC_MYVAR", "LC_VAR2", "LC_myvar", "LC_1", "LC_", "LC_a_B_3"
        found = self.variables(Ssh(server).run(options=["-o", "SetEnv=" + " ".join(f"{name}=given" for name in names)
                                                        + " LC-A=given lc_all=given LD_PRELOAD=given"]).out)
        self.assertEqual({name for name, value in found.items() if value == "given"}, set(names))

    def test_no_terminal(self):
        server = self.serve("restrict")
        done = Ssh(server).run(terminal=True)
        self.assertEqual(server.wait("request", type="pty-req")[0]["answer"], "refused")
        self.assertNotIn("SSH_TTY", self.variables(done.out))

    def test_a_password_login_is_not_restricted(self):
        server = self.serve('command="echo forced"')
        self.assertIn(b"served\n", Ssh(server, login="password").run().out)


if __name__ == "__main__":
    unittest.main()

"""The Dockerfile and the Kubernetes example in apps/packaging/container, without an engine: see containers.py."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import yaml

import containers
import harness
from containers import Container
from harness import PASSWORD, USER, ask, until

if containers.FOLDER and "NACRE_IN_NAMESPACE" not in os.environ:  # so that nothing stays mounted
    os.environ["NACRE_IN_NAMESPACE"] = "1"
    os.execvp("unshare", ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, *sys.argv])

as_root = unittest.skipUnless(os.geteuid() == 0, "only root can make namespaces with another user")
YAML = os.path.join(harness.TOP, "apps/packaging/container/kubernetes.yaml")
IMAGE = containers.stages()[-1]
COMMAND = IMAGE.words("ENTRYPOINT") + IMAGE.words("CMD")
SSH_PORT = int(IMAGE.config["EXPOSE"])
PROBED = 9100
DOCKER_STOP = 10  # seconds that "docker stop" waits


def kubernetes():
    with open(YAML, encoding="utf-8") as file:
        return {document["kind"]: document for document in yaml.safe_load_all(file)}


def replaced(words, option, value):
    """A longer time than the example's, because the test's machine may be busy"""
    at = words.index(option) + 1
    return [*words[:at], value, *words[at + 1:]]


@as_root
class ContainerCase(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        os.chmod(self.folder, 0o755)
        self.files = os.path.join(self.folder, "files")
        os.mkdir(self.files)
        harness.ssh_keygen(self.path("host_key"))
        os.rename(self.path("host_key.pub"), os.path.join(self.folder, "host_key.pub"))
        with open(os.path.join(self.folder, "host_key.pub"), encoding="ascii") as file:
            self.host_key = file.read().strip()
        self.write("passwords", f"{USER}:{PASSWORD}\n")

    def path(self, name):
        return os.path.join(self.files, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def run_image(self, words, **how):
        container = Container(self.folder, words, volumes={self.files: "/etc/nacre"}, **how)
        self.addCleanup(harness.end, container.process)
        return container

    def session(self, container, command="", **how):
        """One that the server answers"""
        session = container.ssh(SSH_PORT, self.host_key, command, **how)
        self.addCleanup(harness.end, session)
        return session

    def drain(self, container, is_ready):
        """SIGTERM while a session goes on. Returns after the end of both."""
        session = self.session(container)
        ask(session, b"before\n")
        self.assertTrue(is_ready())
        os.kill(container.pid, getattr(signal, IMAGE.config["STOPSIGNAL"]))
        container.wait_for("draining")
        until(lambda: not is_ready(), "it is healthy while it drains")
        self.assertEqual(container.http(PROBED, "/metrics"), 200)
        ask(session, b"after\n")
        session.stdin.close()
        self.assertEqual(session.stdout.read(), harness.LAST_WORDS)
        self.assertEqual(session.wait(), 0)
        self.assertEqual(container.wait(), 0, container.log())


class Docker(ContainerCase):
    def setUp(self):
        super().setUp()
        for name in "host_key", "passwords":
            os.chown(self.path(name), *IMAGE.user)
            os.chmod(self.path(name), 0o600)

    def test_as_process_1_without_privileges(self):
        self.assertLess(int(COMMAND[COMMAND.index("--drain") + 1]), DOCKER_STOP)
        container = self.run_image(replaced(COMMAND, "--drain", "600"))
        container.wait_for("listening")
        with open(f"/proc/{container.pid}/status", encoding="ascii") as file:
            status = dict(line.rstrip().split(":\t", 1) for line in file)
        self.assertEqual(status["NSpid"].split()[-1], "1")
        self.assertEqual(status["Name"], "nacre-echo")
        self.assertEqual(set(status["Uid"].split() + status["Gid"].split()), set(map(str, IMAGE.user)))
        self.assertEqual({int(status[name], 16) for name in ("CapPrm", "CapEff", "CapBnd")}, {0})
        options, check = IMAGE.healthcheck()
        self.assertEqual(options.keys(), {"interval", "timeout"})
        self.drain(container, lambda: container.execute(*check) == 0)

    def test_nacre_serve_reaps_the_children_of_its_sessions(self):
        container = self.run_image(["nacre-serve", *IMAGE.words("CMD"), "--", "sh"])
        container.wait_for("listening")
        session = self.session(container)
        session.stdin.write(b"setsid sh -c 'while [ ! -e /tmp/end ]; do sleep 0.05; done' >/dev/null 2>&1 </dev/null & echo $!\n")
        session.stdin.flush()
        orphan = int(session.stdout.readline())
        session.stdin.close()
        self.assertEqual(session.wait(), 0)
        until(lambda: container.processes().get(orphan, (0, 0, 0))[2] == "1", container.processes)
        self.assertEqual(container.execute("touch", "/tmp/end"), 0)
        until(lambda: orphan not in container.processes(), container.processes)
        self.assertFalse([row for row in container.processes().values() if row[1] == "Z"], container.processes())
        os.kill(container.pid, signal.SIGTERM)
        self.assertEqual(container.wait(), 0, container.log())


class Kubernetes(ContainerCase):
    def setUp(self):
        super().setUp()
        self.documents = kubernetes()
        self.pod = self.documents["Deployment"]["spec"]["template"]["spec"]
        self.container = self.pod["containers"][0]
        self.group = self.pod["securityContext"]["fsGroup"]
        self.command = IMAGE.words("ENTRYPOINT") + self.container["args"]
        text = self.documents["ConfigMap"]["data"]["nacre.conf"]
        self.assertIn("\nDrain 60\n", text)
        with open(self.path("host_key"), encoding="ascii") as file:
            key = file.read()
        shutil.rmtree(self.files)
        self.contents = {"host_key": key, "passwords": f"{USER}:{PASSWORD}\n", "nacre.conf": text.replace("Drain 60", "Drain 600")}
        os.mkdir(self.files)
        os.chown(self.files, 0, self.group)
        os.chmod(self.files, 0o3777)
        self.project("..2026_01_01")

    def project(self, name):
        """As kubelet does: files of root's in a folder of their own, which a link names, and links to them."""
        os.mkdir(self.path(name))
        for file, text in self.contents.items():
            self.write(f"{name}/{file}", text)
            os.chown(self.path(f"{name}/{file}"), 0, self.group)
            os.chmod(self.path(f"{name}/{file}"), self.pod["volumes"][0]["projected"]["defaultMode"] | 0o440)
            if not os.path.lexists(self.path(file)):
                os.symlink(f"..data/{file}", self.path(file))
        os.chown(self.path(name), 0, self.group)
        os.chmod(self.path(name), 0o2755)
        before = os.readlink(self.path("..data")) if os.path.lexists(self.path("..data")) else None
        os.symlink(name, self.path("..data_tmp"))
        os.rename(self.path("..data_tmp"), self.path("..data"))
        if before:
            shutil.rmtree(self.path(before))

    def start(self, *more):
        context = self.container["securityContext"]
        return self.run_image(self.command + list(more), read_only=context["readOnlyRootFilesystem"])

    def probe(self, container, name):
        probe = self.container[name]["httpGet"]
        ports = {port["name"]: port["containerPort"] for port in self.container["ports"]}
        return 200 <= container.http(ports[probe["port"]], probe["path"]) < 400

    def test_probes_and_a_rollout(self):
        container = self.start()
        container.wait_for("listening")
        self.assertTrue(self.probe(container, "livenessProbe"))
        self.assertEqual(container.execute(*self.container["lifecycle"]["preStop"]["exec"]["command"][:-1], "0"), 0)

        def ready():
            self.assertTrue(self.probe(container, "livenessProbe"))
            return self.probe(container, "readinessProbe")
        self.drain(container, ready)

    def test_a_secret_that_is_replaced(self):
        container = self.start()
        container.wait_for("listening")
        self.contents["passwords"] = f"{USER}:another\n"
        self.project("..2026_01_02")

        def logs_in():
            session = self.session(container, "exit 7", password="another")
            return session.wait() == 7
        until(logs_in, container.log)
        os.kill(container.pid, signal.SIGHUP)
        container.wait_for("reloaded")
        self.assertNotIn("reload_failed", container.log())

    def test_the_check_accepts_the_configuration(self):
        self.assertEqual(self.start("-t").wait(), 0)
        self.contents["nacre.conf"] += "Drian 60\n"
        self.project("..2026_01_02")
        self.assertEqual(self.start("-t").wait(), 1)

    def test_a_group_that_is_not_the_pods(self):
        for name in "host_key", "passwords":
            os.chown(self.path(name), 0, self.group + 1)
            os.chmod(self.path(name), 0o444)
        container = self.start()
        self.assertEqual(container.wait(), 1)
        self.assertIn("readable by others", container.log())


class Text(unittest.TestCase):
    """What the example says fits together, the image, and the program."""

    def setUp(self):
        self.documents = kubernetes()
        self.template = self.documents["Deployment"]["spec"]["template"]
        self.pod = self.template["spec"]
        self.container = self.pod["containers"][0]
        self.options = dict(line.split(" ", 1) for line in self.documents["ConfigMap"]["data"]["nacre.conf"].splitlines()
                            if not line.startswith("#"))

    def test_ports(self):
        ports = {port["name"]: port["containerPort"] for port in self.container["ports"]}
        self.assertEqual(ports, {"ssh": SSH_PORT, "metrics": PROBED})
        self.assertEqual(self.options["ListenAddress"], f"[::]:{SSH_PORT}")
        self.assertEqual(self.options["Metrics"], f"[::]:{PROBED}")
        self.assertEqual(COMMAND[COMMAND.index("--metrics") + 1], str(PROBED))
        self.assertIn(f"/127.0.0.1/{PROBED} ", json.dumps(IMAGE.healthcheck()))
        for port in self.documents["Service"]["spec"]["ports"]:
            self.assertIn(port["targetPort"], ports)
        for probe in "readinessProbe", "livenessProbe":
            self.assertIn(self.container[probe]["httpGet"]["port"], ports)

    def test_labels(self):
        labels = self.template["metadata"]["labels"]
        self.assertEqual(self.documents["Deployment"]["spec"]["selector"]["matchLabels"], labels)
        self.assertEqual(self.documents["Service"]["spec"]["selector"], labels)

    def test_time_to_end(self):
        pause = int(self.container["lifecycle"]["preStop"]["exec"]["command"][-1])
        self.assertGreaterEqual(self.pod["terminationGracePeriodSeconds"], pause + int(self.options["Drain"]) + 5)
        self.assertGreaterEqual(pause, self.container["readinessProbe"]["periodSeconds"])

    def test_privileges(self):
        pod, container = self.pod["securityContext"], self.container["securityContext"]
        self.assertEqual((pod["runAsUser"], pod["runAsGroup"]), IMAGE.user)
        self.assertEqual(pod["fsGroup"], pod["runAsGroup"])
        self.assertTrue(pod["runAsNonRoot"])
        self.assertEqual(pod["seccompProfile"], {"type": "RuntimeDefault"})
        self.assertEqual(container, {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}})

    def test_files(self):
        volume = self.pod["volumes"][0]
        self.assertEqual(self.container["volumeMounts"], [{"name": volume["name"], "mountPath": "/etc/nacre", "readOnly": True}])
        self.assertEqual(volume["projected"]["defaultMode"], 0o440)
        there = {f"/etc/nacre/{item['path']}" for source in volume["projected"]["sources"] for item in next(iter(source.values()))["items"]}
        self.assertEqual(there, {self.options["HostKey"], self.options["Passwords"], self.container["args"][1]})
        for source in volume["projected"]["sources"]:
            if "configMap" in source:
                self.assertEqual(source["configMap"]["name"], self.documents["ConfigMap"]["metadata"]["name"])
                for item in source["configMap"]["items"]:
                    self.assertIn(item["key"], self.documents["ConfigMap"]["data"])
        with open(YAML, encoding="utf-8") as file:
            text = file.read()
        secret = volume["projected"]["sources"][0]["secret"]
        self.assertIn(f"kubectl create secret generic {secret['name']} " + " ".join(f"--from-file={item['key']}" for item in secret["items"]), text)

    def test_what_is_left_out_of_the_first_stage(self):
        with open(os.path.join(harness.TOP, ".gitignore"), encoding="ascii") as file:
            ours = {line.strip("/") for line in file.read().split()}
        with open(containers.DOCKERFILE + ".dockerignore", encoding="ascii") as file:
            left_out = {line.strip().removeprefix("**/") for line in file if not line.startswith("#")}
        self.assertEqual(left_out, ours | {".git"})

    def test_the_image_has_only_what_runs(self):
        self.assertEqual([keyword for keyword, *_ in IMAGE.steps], ["RUN", "COPY"])
        self.assertRegex(IMAGE.steps[0][1], r"--no-install-recommends libsodium23 libssl3 && rm -rf /var/lib/apt/lists/\*$")
        needed = subprocess.run(["readelf", "-d", harness.NACRE_ECHO], check=True, capture_output=True, text=True).stdout
        self.assertIn("libsodium.so.23", needed)
        self.assertIn("libcrypto.so.3", needed)


if __name__ == "__main__":
    unittest.main()

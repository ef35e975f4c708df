"""Containers without an engine: a Dockerfile's image as a root folder, in which its command runs as process 1, in mount, PID and
network namespaces of its own, as the image's user, with no capabilities.

NACRE_IMAGE names a folder where tests/tools/check_deb keeps trees of Debian: then the image is built as the Dockerfile says,
and its first line is one of these trees. Otherwise the RUN lines are left out: the root folder has this machine's /usr, and
what the file copies from its first stage is taken from the build folder.
"""
import functools
import importlib.machinery
import importlib.util
import json
import os
import re
import shutil
import subprocess

import harness
from harness import PATIENCE, until

DOCKERFILE = os.path.join(harness.TOP, "apps/packaging/container/Dockerfile")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
FOLDER = os.environ.get("NACRE_IMAGE")


def instructions(path=DOCKERFILE):
    """[(keyword, rest of the line)]; a rest in brackets is JSON."""
    with open(path, encoding="utf-8") as file:
        lines = re.sub(r"\\\n", " ", file.read()).split("\n")
    return [tuple(line.split(" ", 1)) for line in lines if line and not line.startswith("#")]


class Stage:
    """From one FROM to the next."""

    def __init__(self, base, name):
        self.base, self.name = base, name
        self.steps, self.config = [], {"WORKDIR": "/"}

    def words(self, keyword):
        """ENTRYPOINT and the like, in their form without a shell"""
        return json.loads(self.config[keyword])

    @property
    def user(self):
        return tuple(map(int, self.config["USER"].split(":")))

    def healthcheck(self):
        options, command = self.config["HEALTHCHECK"].split(" CMD ", 1)
        return dict(word[2:].split("=") for word in options.split()), json.loads(command)


def stages():
    found = []
    for keyword, rest in instructions():
        if keyword == "FROM":
            base, _, name = rest.partition(" AS ")
            found.append(Stage(base, name))
        elif keyword in ("RUN", "COPY"):
            found[-1].steps.append((keyword, rest, found[-1].config["WORKDIR"]))
        else:
            assert keyword in ("WORKDIR", "USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"), keyword
            found[-1].config[keyword] = rest
    return found


def copied(rest):
    """(stage, sources, target) of a COPY"""
    words = rest.split()
    stage = words.pop(0).removeprefix("--from=") if words[0].startswith("--from=") else None
    return stage, words[:-1], words[-1]


class Built:
    """The image as the Dockerfile builds it, in a tree of Debian."""

    def __init__(self):
        loader = importlib.machinery.SourceFileLoader("check_deb", os.path.join(harness.TOP, "tests/tools/check_deb"))
        self.trees = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_deb", loader))
        loader.exec_module(self.trees)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=True)
        built = {}
        for number, stage in enumerate(stages()):
            suite = re.fullmatch(r"debian:(\w+)-slim", stage.base)[1]
            upper = os.path.join(FOLDER, f"image.{number}")
            shutil.rmtree(upper, ignore_errors=True)
            tree = self.trees.layer(self.trees.base(suite, FOLDER).root, upper, f"image.{number}")
            for keyword, rest, where in stage.steps:
                self.step(tree, keyword, rest, where, built)
            built[stage.name] = self.root = tree.root

    def step(self, tree, keyword, rest, where, built):
        os.makedirs(tree.path(where), exist_ok=True)
        print(f"{keyword} {rest}", flush=True)
        if keyword == "RUN":
            tree.run(f"cd {where}; {{ {rest}; }} >/tmp/log 2>&1 || {{ tail -n 50 /tmp/log; exit 1; }}; rm /tmp/log")
            return
        stage, sources, target = copied(rest)
        if stage is None:
            assert (sources, target) == (["."], ".")
            subprocess.run(f"git ls-files -z | tar -c --null -T - | tar -x -C {tree.path(where)}", shell=True, check=True, cwd=harness.TOP)
            return
        for source in sources:
            shutil.copy(built[stage] + source, tree.path(target))

    def script(self, root):
        return f"mount --rbind {self.root} {root}; mount -t tmpfs -o mode=755 tmpfs {root}/dev"


class Borrowed:
    """This machine's /usr with the programs of the build folder."""

    def script(self, root):
        lines = [f"mount -t tmpfs -o mode=755 tmpfs {root}", f"mkdir -m 755 {root}/usr {root}/etc {root}/proc {root}/dev",
                 f"mkdir -m 1777 {root}/tmp", f"mount --bind /usr {root}/usr",
                 f"mount -t tmpfs -o mode=755 tmpfs {root}/usr/local", f"echo root:x:0:0::/:/bin/sh >{root}/etc/passwd"]
        for name in "bin", "sbin", "lib", "lib64":
            if os.path.islink("/" + name):
                lines.append(f"cp -P /{name} {root}/{name}")
        for keyword, rest, _ in stages()[-1].steps:
            if keyword == "COPY":
                stage, sources, target = copied(rest)
                assert stage == stages()[0].name
                lines.append(f"install -D -t {root}{target} " + " ".join(os.path.join(harness.BUILD, os.path.basename(s)) for s in sources))
        return "\n".join(lines)


@functools.cache
def image():
    return Built() if FOLDER else Borrowed()


class Container:
    """Runs the words as process 1. volumes: {folder here: folder there}, read-only."""

    def __init__(self, folder, words, volumes=None, read_only=False):
        self.user, self.group = stages()[-1].user
        self.folder = folder
        self.log_path = os.path.join(folder, "log")
        root = os.path.join(folder, "root")
        os.makedirs(root, exist_ok=True)
        script = ["set -eu", image().script(root), f"mount -t proc proc {root}/proc"]
        for name in "null", "zero", "urandom", "tty", "ptmx":
            script.append(f"touch {root}/dev/{name}; mount --bind /dev/{name} {root}/dev/{name}")
        for here, there in (volumes or {}).items():
            script.append(f"mkdir -p {root}{there}; mount --bind {here} {root}{there}; mount -o remount,bind,ro {root}{there}")
        if read_only:
            script.append(f"mount -o remount,bind,ro {root}")
        script.append("ip link set lo up")
        script.append(f'exec chroot {root} env -i PATH={PATH} setpriv --reuid={self.user} --regid={self.group} --groups={self.group} '
                      '--bounding-set=-all --inh-caps=-all --no-new-privs -- "$@"')
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "--", "sh", "-c",
                                             "\n".join(script), "container", *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.pid = until(lambda: harness.children(self.process.pid), self.log)[0]

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_for(self, text):
        def there():
            assert self.process.poll() is None, f"status {self.process.returncode}:\n{self.log()}"
            return text in self.log()
        until(there, self.log)

    def wait(self):
        """Its exit status, which is unshare's"""
        return self.process.wait(4 * PATIENCE)

    def enter(self, *words):
        """The command line that runs words as a program of this machine in the container's network"""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", "--", *words]

    def execute(self, *words):
        """As docker exec does: a command inside, as the image's user. Returns its status."""
        return subprocess.run(["nsenter", "-t", str(self.pid), "-m", "-p", "-n", "-r", "-S", str(self.user), "-G", str(self.group), "--",
                               *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=PATIENCE, check=False).returncode

    def http(self, port, path):
        """The status of a GET, as a kubelet does it"""
        done = subprocess.run(self.enter("bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port} && printf 'GET {path} HTTP/1.1\\r\\nHost: x\\r\\n"
                                         "Connection: close\\r\\n\\r\\n' >&3 && cat <&3"), stdout=subprocess.PIPE, timeout=PATIENCE, check=True)
        return int(done.stdout.split()[1])

    def ssh(self, port, host_key, command="", password=harness.PASSWORD):
        known = os.path.join(self.folder, "known_hosts")
        with open(known, "w", encoding="ascii") as file:
            file.write(f"[127.0.0.1]:{port} {host_key}\n")
        words = ["sshpass", "-p", password, "ssh", "-F", "none", "-T", "-p", str(port), "-o", f"UserKnownHostsFile={known}", "-o",
                 "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=1", f"{harness.USER}@127.0.0.1"]
        return subprocess.Popen(self.enter(*words, *([command] if command else [])), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL)

    def processes(self):
        """{pid inside: (name, state, parent)} of all that run inside"""
        found = {}
        for pid in os.listdir(f"/proc/{self.pid}/root/proc"):
            try:
                with open(f"/proc/{self.pid}/root/proc/{pid}/status", encoding="ascii") as file:
                    text = file.read()
            except OSError:
                continue
            if pid.isdigit():
                found[int(pid)] = tuple(re.search(rf"^{key}:\s+(\S+)", text, re.M)[1] for key in ("Name", "State", "PPid"))
        return found

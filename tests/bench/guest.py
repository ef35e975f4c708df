#!/usr/bin/env python3
"""Runs a command under Debian's User-Mode Linux, for what this machine's kernel lacks or forbids: tc's netem, and more
descriptors than a container may have.

    guest.py COMMAND...

That is a kernel that runs as a program, without root and without KVM; in it the command runs as root. It sees the files
of this machine but cannot change them; /run and temporary files are its own. It has one CPU, and a system call takes about
20 us. Exits with the command's status. Needs the package user-mode-linux.
"""
import ctypes
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

MODULES = "sch_netem", "veth"
MEMORY_GIB = 2
FINIT_MODULE = 313  # of x86-64
POWER_OFF = 0x4321fedc


def fail(why):
    sys.exit(f"guest.py: {why}")


def boot(command):
    linux = shutil.which("linux.uml") or fail("linux.uml is not there: it is in Debian's package user-mode-linux")
    if shutil.disk_usage("/dev/shm").free < MEMORY_GIB << 30:
        fail(f"the guest's memory is in /dev/shm, where {MEMORY_GIB} GiB must be free")
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # it runs and traps in two processes
    with tempfile.TemporaryDirectory() as folder:
        job, status = os.path.join(folder, "job"), os.path.join(folder, "status")
        with open(job, "w") as f:
            json.dump([command, os.getcwd(), dict(os.environ, TMPDIR="/run", PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")], f)
        subprocess.run([linux, "quiet", "loglevel=0", "console=tty0", "con=null", "con0=null,fd:1", f"uml_dir={folder}",
                        f"mem={MEMORY_GIB}G", "rootfstype=hostfs", "rootflags=/", "ro", f"init={os.path.abspath(__file__)}",
                        "--", folder], stdin=subprocess.DEVNULL)
        if not os.path.exists(status):
            fail("the guest ended before the command did")
        with open(status) as f:
            return int(f.read())


def insert(kernel, name):
    path, = glob.glob(f"/usr/lib/uml/modules/{os.uname().release}/**/{name}.ko", recursive=True)
    with open(path) as f:
        if kernel.syscall(FINIT_MODULE, f.fileno(), b"", 0) != 0:
            raise OSError(ctypes.get_errno(), name)


def init(folder):
    """The guest's first process: set up the system, run the command, shut down."""
    kernel = ctypes.CDLL(None, use_errno=True)
    with open(os.path.join(folder, "job")) as f:
        command, where, environment = json.load(f)
    os.environ.update(environment)
    for kind, options, target in (("proc", "rw", "/proc"), ("sysfs", "rw", "/sys"), ("tmpfs", "rw", "/run"),
                                  ("hostfs", folder, "/run/host")):
        os.makedirs(target, exist_ok=True)
        subprocess.run(["mount", "-t", kind, "-o", options, kind, target], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["stty", "-F", "/dev/console", "-opost"], check=True)
    for name in MODULES:
        insert(kernel, name)
    status = subprocess.run(command, cwd=where, stdin=subprocess.DEVNULL).returncode
    with open("/run/host/status", "w") as f:
        f.write(str(status))
    kernel.reboot(POWER_OFF)


if __name__ == "__main__":
    if os.getpid() == 1:
        init(sys.argv[1])
    elif sys.argv[1:]:
        sys.exit(boot(sys.argv[1:]))
    else:
        fail("COMMAND is missing")

"""A SLURM of one's own on this machine: controller, node with two made-up GPUs, and accounting if asked for.

Everything listens on the loopback address and lives in one folder, except ``slurm.conf`` and its two
companions: they lie at their default place, since a job step forgets where else they might be. A machine
that has a ``slurm.conf`` of its own is left alone. SLURM's node daemon must be started by root.
"""

import os
import shutil
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

CONFIGURATION = Path("/etc/slurm")
MARK = "# Written by the tests of advex for a private SLURM; removed when they end."
NODE = "localhost"
CORES = 4  # more than a small machine has: nothing is bound to cores
MEMORY_MB = 6000
ACCOUNT = "physics"
PROGRAMS = ("setpriv", "munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol")
ACCOUNTING_PROGRAMS = ("slurmdbd", "mariadbd", "mariadb-install-db", "mariadb", "sacctmgr")
PACKAGES = "slurm-wlm munge (with accounting also slurmdbd mariadb-server)"

SLURM_CONF = """{mark}
ClusterName=private
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmctldParameters=enable_configless
SlurmdParameters=config_overrides
ReturnToService=2
# No control groups: processes are followed, and memory is watched, through /proc.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=2
JobAcctGatherParams=OverMemoryKill
MpiDefault=none
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
# A machine that answers late must not look like a failed one.
SlurmdTimeout=300
KillWait=3
MinJobAge=1800
SchedulerParameters=batch_sched_delay=1,sched_min_interval=500000,bf_interval=5
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
AccountingStorageType={storage}
AccountingStorageHost=127.0.0.1
AccountingStoragePort={ports[2]}
AccountingStoragePass={folder}/munge.socket
AccountingStoreFlags=job_comment
{tres}
NodeName={node} NodeAddr=127.0.0.1 CPUs={cores} RealMemory={memory} Gres=gpu:2 State=UNKNOWN
PartitionName=ordinary Nodes={node} Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes={node} MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
"""

SLURMDBD_CONF = """{mark}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={ports[2]}
SlurmUser=root
LogFile={folder}/slurmdbd.log
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={ports[3]}
StorageUser=slurm
StoragePass=private
StorageLoc=slurm
CommunicationParameters=NoInAddrAny
"""


class NotPossibleError(RuntimeError):
    """This machine cannot have a private SLURM; the message says why."""


def reason_against(accounting: bool = False) -> str:
    """Say why this machine cannot have a private SLURM; nothing if it can."""
    if not sys.platform.startswith("linux"):
        return "SLURM runs on Linux"
    if os.geteuid() != 0:
        return "a private SLURM must be started by root"
    programs = PROGRAMS + (ACCOUNTING_PROGRAMS if accounting else ())
    missing = [name for name in programs if shutil.which(name, path=_path()) is None]
    if missing:
        return f"{', '.join(missing)} not found; on Debian: apt-get install {PACKAGES}"
    existing = CONFIGURATION / "slurm.conf"
    if existing.exists() and MARK not in existing.read_text():
        return f"{existing} is this machine's own"
    return ""


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Ask again and again until a condition holds.

    Raises:
        TimeoutError: it did not within the given time.
    """
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.5)


def tool(*command: str, seconds: float = 60) -> str:
    """Run one of SLURM's commands and return what it prints."""
    finished = subprocess.run(
        command,
        env={**os.environ, "PATH": _path()},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    if finished.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {finished.stderr.strip()}")
    return finished.stdout


STATE_SAVED_AFTER = 7.0
"""Seconds after which the controller has surely saved its state (it may wait 5)."""


class PrivateSlurm:
    """Start with ``start``, stop with ``stop``; in between any SLURM command on this machine reaches it."""

    def __init__(self, folder: Path, accounting: bool = False) -> None:
        if reason := reason_against(accounting):
            raise NotPossibleError(reason)
        self.folder = folder
        self.accounting = accounting
        self._ports = _free_ports(4)
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start all daemons and wait until the node is idle."""
        for name in ("state", "spool"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        # Daemons refuse folders and keys that others could write to.
        self.folder.chmod(0o755)
        (self.folder / "munge.key").write_bytes(os.urandom(128))
        (self.folder / "munge.key").chmod(0o400)
        self._write_configuration()
        self._start_munge()
        if self.accounting:
            self._start_accounting()
        self.start_controller()
        self._daemon("slurmd", "slurmd", "-D", "-N", NODE)
        wait_until(
            lambda: self.node_state().startswith("idle"), 60, f"node idle; see {self.folder}/slurmd.log"
        )

    def stop(self) -> None:
        """Cancel all jobs, end the daemons in turn, and take the configuration away."""
        if "slurmctld" in self._daemons:
            try:
                tool("scancel", "--user", "root", seconds=20)
                wait_until(lambda: not tool("squeue", "--noheader").strip(), 30, "no jobs left")
            except (RuntimeError, TimeoutError, subprocess.TimeoutExpired) as error:
                print(f"stopping although jobs are left: {error}", file=sys.stderr)
        for name in ("slurmd", "slurmctld", "slurmdbd", "mariadbd", "munged"):
            self._end(name)
        for name in ("slurm.conf", "gres.conf", "slurmdbd.conf"):
            file = CONFIGURATION / name
            if file.exists() and MARK in file.read_text():
                file.unlink()

    def start_controller(self) -> None:
        """Start the controller, with what it remembers, and wait for its answer."""
        self._daemon("slurmctld", "slurmctld", "-D")
        wait_until(lambda: answers("scontrol", "ping"), 30, f"controller; see {self.folder}/slurmctld.log")

    def wait_for_saved_state(self) -> None:
        """Wait until the controller has written down what has happened so far."""
        time.sleep(STATE_SAVED_AFTER)

    def kill_controller(self) -> None:
        """End the controller at once, as a crash would."""
        self._daemons["slurmctld"].kill()
        self._daemons.pop("slurmctld").wait(20)

    def node_state(self) -> str:
        """Return the state of the node, such as ``idle`` or ``mixed``."""
        return tool("sinfo", "--noheader", "--nodes", NODE, "--format", "%T").split()[0]

    def jobs(self) -> list[dict[str, str]]:
        """Return what the controller knows of every job, ended ones of the last minutes included."""
        records = tool("scontrol", "--oneliner", "show", "job").splitlines()
        return [
            dict(field.split("=", 1) for field in record.split() if "=" in field)
            for record in records
            if record.startswith("JobId=")
        ]

    def _write_configuration(self) -> None:
        devices = self._devices()
        storage = "accounting_storage/slurmdbd" if self.accounting else "accounting_storage/none"
        values = {
            "mark": MARK,
            "folder": self.folder,
            "ports": self._ports,
            "storage": storage,
            # Only where it can be stored may GPUs be accounted for.
            "tres": "AccountingStorageTRES=gres/gpu" if self.accounting else "",
            "node": NODE,
            "cores": CORES,
            "memory": MEMORY_MB,
        }
        CONFIGURATION.mkdir(exist_ok=True)
        (CONFIGURATION / "slurm.conf").write_text(SLURM_CONF.format(**values))
        (CONFIGURATION / "gres.conf").write_text(f"{MARK}\nName=gpu File={','.join(devices)}\n")
        if self.accounting:
            (CONFIGURATION / "slurmdbd.conf").write_text(SLURMDBD_CONF.format(**values))
            (CONFIGURATION / "slurmdbd.conf").chmod(0o600)

    def _devices(self) -> list[str]:
        """Make two device nodes that behave like /dev/null."""
        devices = [self.folder / f"made_up_gpu{index}" for index in range(2)]
        for device in devices:
            os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        return [str(device) for device in devices]

    def _start_munge(self) -> None:
        places = {"key-file": "munge.key", "socket": "munge.socket", "pid-file": "munge.pid"}
        places |= {"log-file": "munge.log", "seed-file": "munge.seed"}
        options = [f"--{option}={self.folder / name}" for option, name in places.items()]
        self._daemon("munged", "munged", "--foreground", "--force", *options)
        wait_until((self.folder / "munge.socket").exists, 20, "munge")

    def _start_accounting(self) -> None:
        data = self.folder / "mariadb"
        tool(
            "mariadb-install-db", "--no-defaults", f"--datadir={data}", "--user=root",
            "--auth-root-authentication-method=normal", "--skip-test-db", seconds=120,
        )  # fmt: skip
        here = ["--protocol=tcp", "--host=127.0.0.1", f"--port={self._ports[3]}", "--user=root"]
        self._daemon(
            "mariadbd", "mariadbd", "--no-defaults", "--user=root", f"--datadir={data}",
            "--bind-address=127.0.0.1", f"--port={self._ports[3]}", f"--socket={self.folder}/mariadb.socket",
        )  # fmt: skip
        wait_until(lambda: answers("mariadb", *here, "--execute", "select 1"), 60, "MariaDB")
        grant = "create user slurm@'%' identified by 'private'; grant all on slurm.* to slurm@'%'"
        tool("mariadb", *here, "--execute", grant)
        self._daemon("slurmdbd", "slurmdbd", "-D")
        wait_until(lambda: answers("sacctmgr", "--immediate", "show", "cluster"), 60, "slurmdbd")
        for what in ("cluster private", f"account {ACCOUNT} cluster=private", f"user root account={ACCOUNT}"):
            tool("sacctmgr", "--immediate", "add", *what.split())

    def _daemon(self, name: str, *command: str) -> None:
        log = (self.folder / f"{name}.output").open("ab")
        environment = {**os.environ, "PATH": _path()}
        self._daemons[name] = subprocess.Popen(
            # However the tests end, the kernel ends their daemons too.
            ["setpriv", "--pdeathsig", "TERM", *command],
            env=environment,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        log.close()

    def _end(self, name: str) -> None:
        daemon = self._daemons.pop(name, None)
        if daemon is None:
            return
        daemon.terminate()
        try:
            daemon.wait(30)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait(10)


def answers(*command: str) -> bool:
    """Return whether a command succeeds in time."""
    try:
        tool(*command, seconds=10)
    except (RuntimeError, subprocess.TimeoutExpired):
        return False
    return True


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def _free_ports(count: int) -> Sequence[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports

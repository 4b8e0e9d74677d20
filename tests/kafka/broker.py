"""A real Apache Kafka (KRaft, one node) for tests and for trying things by hand.

    python -m tests.kafka.broker            starts one, prints its address, stops at Ctrl-C
    python -m tests.kafka.broker --fetch    only downloads the jars

Needs a Java runtime and Maven (`scripts/bootstrap-kafka` installs them on Debian). The jars
come from Maven Central once and stay in `${XDG_CACHE_HOME:-~/.cache}/cairn/kafka-<version>`.
Only the standard library is used, so it runs before the project is installed.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

POM = Path(__file__).with_name("pom.xml")
STARTED = "Kafka Server started"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0
LISTENING = (10_000, 32_768)
"""Below the ports that the kernel gives to outgoing connections."""

# One node has nobody to replicate to; short timeouts let crash tests see fencing in a second.
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={directory}/logs
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=3
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=3
transaction.abort.timed.out.transaction.cleanup.interval.ms=500
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=2097152
num.network.threads=2
num.io.threads=2
"""

LOGGING = """\
log4j.rootLogger=WARN, out
log4j.logger.kafka.server.KafkaRaftServer=INFO
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %p %m (%c)%n
"""


class BrokerUnavailable(Exception):
    """Kafka cannot run here; the text says what is missing."""


def fetch_jars() -> Path:
    """Folder with the broker's jars, downloaded on first use."""
    version = re.search(r"<kafka.version>(.+?)<", POM.read_text())
    assert version is not None
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cairn"
    jars = cache / f"kafka-{version[1]}"
    if not jars.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            _download(Path(scratch) / "jars")
            # A parallel run may have been faster; its jars are as good as ours.
            with contextlib.suppress(OSError):
                (Path(scratch) / "jars").rename(jars)
    return jars


def _download(target: Path) -> None:
    _require("mvn", "Maven")
    command = ["mvn", "-B", "-q", "-f", str(POM), "dependency:copy-dependencies"]
    options = ["-DincludeScope=runtime", f"-DoutputDirectory={target}"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BrokerUnavailable(f"Maven could not fetch Kafka: {done.stdout.strip()[-400:]}")


def _require(program: str, name: str) -> None:
    if shutil.which(program) is None:
        raise BrokerUnavailable(f"{name} is missing; run scripts/bootstrap-kafka")


class LocalBroker:
    """A broker of one's own on fixed loopback ports: it stops, dies and comes back as it was.

    directory: its files and its topics. bootstrap: its address, host:port.
    """

    def __init__(self, jars: Path, directory: Path, port: int) -> None:
        self._jars = jars
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self.bootstrap = f"127.0.0.1:{port}"

    def start(self) -> None:
        """Start it, for the first time or again, and wait until it answers."""
        self._process = _start(self._jars, self._directory)
        _wait_until_ready(self._process, self._directory / "broker.log")

    def stop(self) -> None:
        """Ask it to stop, which writes everything down first."""
        if self._process is not None:
            _stop(self._process)

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def local_broker() -> Iterator[LocalBroker]:
    """A fresh broker on free ports, started; stopped and wiped at the end."""
    _require("java", "a Java runtime")
    jars = fetch_jars()
    with tempfile.TemporaryDirectory(prefix="cairn-kafka-") as scratch:
        directory = Path(scratch)
        broker = LocalBroker(jars, directory, _configure(directory))
        _format_storage(jars, directory)
        try:
            broker.start()
            yield broker
        finally:
            broker.stop()


@contextlib.contextmanager
def running_broker() -> Iterator[str]:
    """The address of a fresh broker, host:port, for those who never stop it."""
    with local_broker() as broker:
        yield broker.bootstrap


def _configure(directory: Path) -> int:
    """Write the broker's files and return its port."""
    with _free_port() as one, _free_port() as two:
        broker, controller = one.getsockname()[1], two.getsockname()[1]
    properties = PROPERTIES.format(broker=broker, controller=controller, directory=directory)
    (directory / "server.properties").write_text(properties)
    (directory / "log4j.properties").write_text(LOGGING)
    return int(broker)


def _free_port() -> socket.socket:
    """A socket on a port that no outgoing connection ever gets by itself.

    A client that calls a stopped broker on such a port may reach itself, and keep the port.
    """
    while True:
        one = socket.socket()
        try:
            one.bind(("127.0.0.1", random.randrange(*LISTENING)))
        except OSError:
            one.close()
        else:
            return one


def _java(jars: Path, directory: Path, *arguments: str) -> list[str]:
    logging = f"-Dlog4j.configuration=file:{directory}/log4j.properties"
    # A short life gains nothing from the optimising compiler or a parallel collector.
    jvm = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", logging]
    return ["java", *jvm, "-cp", f"{jars}/*", *arguments]


def _format_storage(jars: Path, directory: Path) -> None:
    cluster = "Y2Fpcm4tdGVzdC1rYWZrYQ"  # any 16 bytes in base64
    properties = str(directory / "server.properties")
    tool = ["kafka.tools.StorageTool", "format", "-t", cluster, "-c", properties]
    done = subprocess.run(
        _java(jars, directory, *tool), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BrokerUnavailable(f"Kafka could not format its storage: {done.stderr[-400:]}")


def _start(jars: Path, directory: Path) -> subprocess.Popen[bytes]:
    command = _java(jars, directory, "kafka.Kafka", str(directory / "server.properties"))
    # A test run that is killed must not leave a broker behind.
    guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
    with (directory / "broker.log").open("wb") as log:
        return subprocess.Popen([*guard, *command], stdout=log, stderr=subprocess.STDOUT)


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while STARTED not in log.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            raise BrokerUnavailable(f"Kafka did not start: {log.read_text()[-800:]}")
        time.sleep(0.05)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main() -> None:
    if "--fetch" in sys.argv[1:]:
        sys.stdout.write(f"{fetch_jars()}\n")
        return
    with running_broker() as bootstrap, contextlib.suppress(KeyboardInterrupt):
        sys.stdout.write(f"{bootstrap}\n")
        sys.stdout.flush()
        signal.pause()


if __name__ == "__main__":
    main()

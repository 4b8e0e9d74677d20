"""The tree of settings, section by section: names, types, defaults, limits and meanings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)


def _servers(value: str) -> str:
    for server in value.split(","):
        host, _, port = server.strip().rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise ValueError("give HOST:PORT, several separated by commas")
    return value


def listed(value: object) -> object:
    """Split a list as an environment variable writes it, with commas."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _uri_prefix(value: str) -> str:
    if not value.startswith(("https://", "http://", "file:///")):
        raise ValueError("give prefixes like https://HOST/PATH/ or file:///PATH/")
    return value


def _origin(value: str) -> str:
    scheme, _, host = value.partition("://")
    if scheme not in {"http", "https"} or not host or set(host) & set("/*"):
        raise ValueError("give origins like https://HOST or http://HOST:PORT")
    return value


Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Servers = Annotated[str, AfterValidator(_servers)]
Name = Annotated[str, Field(min_length=1)]
UriPrefix = Annotated[str, AfterValidator(_uri_prefix)]
Origin = Annotated[str, AfterValidator(_origin)]
Format = Literal["JPEG", "PNG", "WEBP", "TIFF", "HEIF"]


class Section(BaseModel):
    """Frozen, and a stranger to keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Engine(Section):
    """What clusters, and with which means."""

    profile: Name = "place"
    """What "same" means: the name of a built-in profile or of one under `profiles`."""
    encoder: Name = "builtin"
    """Which model turns an image into a vector: `builtin` or the name of an added model."""
    workers: Annotated[int, Field(ge=0)] = 0
    """Threads that look at photos; 0 means one per core, and more where a GPU is waited for."""
    batch_size: Count = 128
    """Images per commit, at most; fewer, but not below 16, where so many would take seconds."""


class Guards(Section):
    """What an image may cost before it is refused."""

    max_bytes: Count = 32 * 1024 * 1024
    """Largest encoded image, in bytes."""
    max_pixels: Count = 50_000_000
    """Most pixels an image may declare, width times height."""
    max_side: Count = 16_384
    """Longest side an image may declare, in pixels."""
    formats: Annotated[tuple[Format, ...], BeforeValidator(listed), Field(min_length=1)] = (
        "JPEG",
        "PNG",
        "WEBP",
    )
    """Image formats that are decoded, of JPEG, PNG, WEBP, TIFF and HEIF (HEIC; extra `[heic]`)."""


class Folder(Section):
    """How a folder is watched."""

    settle_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    """Seconds a file must lie unchanged before it is read: it may still be being written."""


class Kafka(Section):
    """How Kafka is reached and how a worker behaves in its group."""

    bootstrap: Servers | None = None
    """Brokers to start from, HOST:PORT, several separated by commas."""
    topic_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,200}$")] = "cairn"
    """Start of every topic name, and the consumer group: one group writes one set of topics."""
    instance_id: Name | None = None
    """Name of this worker, unique in its group: a restart keeps its partitions."""
    transactional_id: Name | None = None
    """Name its transactions are fenced by; not set: made from prefix and instance_id."""
    session_timeout_s: Seconds = 15.0
    """Seconds without a heartbeat after which the group gives a worker's partitions away."""
    max_poll_interval_s: Seconds = 300.0
    """Seconds one batch may take before the group gives a worker's partitions away."""
    transaction_timeout_s: Seconds = 10.0
    """Seconds after which the broker aborts the transaction of a worker that died."""
    max_request_bytes: Count = 8 * 1024 * 1024
    """Largest message read or written, in bytes; the topics must allow as much."""
    create_topics: bool = True
    """Create missing topics at the start."""
    partitions: Count = 6
    """Partitions of topics that are created: as many workers can share the work. For good."""
    replication: Annotated[int, Field(ge=-1)] = -1
    """Copies of each partition of topics that are created; -1 leaves it to the broker."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """How connections are secured."""
    ssl_cafile: Path | None = None
    """Certificates (PEM) that brokers are trusted by; not set: the system's."""
    ssl_certfile: Path | None = None
    """Certificate (PEM) that a worker shows to brokers that ask for one; needs `ssl_keyfile`."""
    ssl_keyfile: Path | None = None
    """Private key (PEM) of `ssl_certfile`."""
    ssl_password: SecretStr | None = None
    """What the private key is encrypted with; better given as a file."""
    ssl_password_file: Path | None = None
    """File that holds what the private key is encrypted with, instead of `ssl_password`."""
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    """How a worker proves who it is, with a SASL protocol."""
    sasl_username: Name | None = None
    """User name, with a SASL protocol."""
    sasl_password: SecretStr | None = None
    """Password, with a SASL protocol; better given as a file."""
    sasl_password_file: Path | None = None
    """File that holds the password, instead of `sasl_password`."""

    @model_validator(mode="after")
    def _complete(self) -> Kafka:
        for secret in ("sasl_password", "ssl_password"):
            if getattr(self, secret) and getattr(self, f"{secret}_file"):
                raise ValueError(f"give {secret} or {secret}_file, not both")
        password = self.sasl_password or self.sasl_password_file
        if self.security_protocol.startswith("SASL") and not (self.sasl_username and password):
            raise ValueError(
                f"{self.security_protocol} needs sasl_username and sasl_password_file"
                " (or sasl_password)"
            )
        return self

    @model_validator(mode="after")
    def _encrypted(self) -> Kafka:
        given = [name for name in sorted(self.model_fields_set) if name.startswith("ssl_")]
        if given and "SSL" not in self.security_protocol:
            raise ValueError(
                f"{given[0]} does nothing with security_protocol {self.security_protocol}:"
                " set SSL or SASL_SSL"
            )
        if (self.ssl_certfile is None) != (self.ssl_keyfile is None):
            raise ValueError("give ssl_certfile and ssl_keyfile, or neither")
        return self


class Fetch(Section):
    """How images are got that messages only name by a URI."""

    allow: Annotated[tuple[UriPrefix, ...], BeforeValidator(listed)] = ()
    """Prefixes of the URIs that may be read: `https://images.example.com/uploads/`, `file:///srv/photos/`."""
    timeout_s: Seconds = 20.0
    """Seconds one attempt may take, from the name of the host to the last byte."""
    patience_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 300.0
    """Seconds for which an image that cannot be read is tried again; meanwhile its batch waits."""
    ssl_cafile: Path | None = None
    """Certificates (PEM) that https servers are trusted by; not set: those of certifi."""


class State(Section):
    """Where what must survive a crash is kept."""

    directory: Path = Path("cairn-state")
    """Directory of the local store; one worker at a time."""
    snapshot_every: Count = 5000
    """Changes of the indexes of a store after which they are saved, and a fifth of their size."""


class Metrics(Section):
    """Where a running worker can be watched: /metrics, /livez, /readyz."""

    host: Name = "127.0.0.1"
    """Address to listen on; the default is reachable from this machine only."""
    port: Annotated[int, Field(ge=0, le=65535)] = 9464
    """Port to listen on; 0 switches it off."""
    stall_s: Seconds = 60.0
    """Seconds without progress of the loop after which /livez reports failure."""


class Serve(Section):
    """How the read model is served over HTTP."""

    host: Name = "127.0.0.1"
    """Address to listen on; one that others can reach needs a token."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """Port to listen on; 0 lets the system choose one."""
    token: SecretStr | None = None
    """What every request has to bear; better given as a file."""
    token_file: Path | None = None
    """File that holds the token, instead of `token`."""
    max_body_bytes: Annotated[int, Field(ge=1, le=4 * 1024 * 1024)] = 1024 * 1024
    """Largest command, in bytes."""
    max_image_bytes: Annotated[int, Field(ge=1, le=256 * 1024 * 1024)] = 25 * 1024 * 1024
    """Largest photo to search by, in bytes."""
    text: Name | None = None
    """Text encoder to search by words with: its name, or a file; it goes with `engine.encoder`."""
    origins: Annotated[tuple[Origin, ...], BeforeValidator(listed)] = ()
    """Origins of other sites' pages that may read answers: `https://photos.example.com`."""

    map: Literal["pca", "umap"] = "pca"
    """How a view lays out its map: by principal axes, or by neighbourhoods (extra `[umap]`)."""

    @model_validator(mode="after")
    def _one_token(self) -> Serve:
        if self.token is not None and self.token_file is not None:
            raise ValueError("give token or token_file, not both")
        return self


class Models(Section):
    """Where added models lie."""

    directory: Path = Path("models")
    """Directory with one folder per model."""


class Log(Section):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severity that is written."""
    format: Literal["text", "json"] = "text"
    """One line of text an entry, or one JSON object."""


class Settings(Section):
    """Everything an operator can set. A function receives its section, never the whole."""

    engine: Engine = Engine()
    guards: Guards = Guards()
    folder: Folder = Folder()
    kafka: Kafka = Kafka()
    fetch: Fetch = Fetch()
    state: State = State()
    metrics: Metrics = Metrics()
    serve: Serve = Serve()
    models: Models = Models()
    log: Log = Log()
    profiles: dict[str, dict[str, object]] = {}
    """Fields that differ from a built-in profile, or from `place` for a new name."""

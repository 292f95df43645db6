"""Every setting: its name, what it may be, its default and, in one line each, what it does.

A setting `partitions` is the variable `REFUNDRY_PARTITIONS`, or the key `partitions` of the configuration file. The
descriptions are what `refundry config show` and the documentation print.
"""

from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from app.settings.values import (
    as_address,
    as_fault_points,
    as_moment,
    as_networks,
    as_redis_url,
    as_servers,
    as_state_dir,
)

PREFIX: Final = "REFUNDRY_"

# Networks take a dispute up to 540 days after the payment; a case must still know its money then.
DISPUTABLE_DAYS: Final = 540
HASH_KEY_LENGTH: Final = 16

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Address = Annotated[str, AfterValidator(as_address)]
Secret = Annotated[SecretStr, Field(min_length=1)]


class Settings(BaseSettings):
    """All settings, checked. Made by `load_settings`; nothing else reads the environment."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    _sources: dict[str, str] = PrivateAttr(default_factory=dict)

    profile: Literal["development", "production"] = Field(
        "development", description="`production` refuses what must not reach real money: plain text, fault points."
    )
    app_id: Name = Field(
        "refundry", description="Name of this installation: consumer group, transactions and changelogs."
    )
    slot: Name | None = Field(
        None, description="Stable name of this worker within its group; default: the first free one on this machine."
    )

    kafka_bootstrap_servers: Annotated[str, AfterValidator(as_servers)] = Field(
        "127.0.0.1:9092", description="Kafka brokers to start from: host:port, several with commas."
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How to speak to Kafka."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] | None = Field(
        None, description="How to log in to Kafka."
    )
    kafka_sasl_username: str | None = Field(None, description="User for PLAIN and SCRAM.")
    kafka_sasl_password: Secret | None = Field(None, description="Password for PLAIN and SCRAM.")
    kafka_sasl_oauthbearer_method: Literal["default", "oidc"] | None = Field(
        None, description="Where OAUTHBEARER tokens come from; `oidc`: from the token endpoint."
    )
    kafka_sasl_oauthbearer_client_id: str | None = Field(None, description="Client of the token endpoint.")
    kafka_sasl_oauthbearer_client_secret: Secret | None = Field(None, description="Secret of that client.")
    kafka_sasl_oauthbearer_scope: str | None = Field(None, description="Scope that the token is asked for.")
    kafka_sasl_oauthbearer_token_endpoint_url: str | None = Field(None, description="Address that gives out tokens.")
    kafka_ssl_ca_location: str | None = Field(
        None, description="File or folder of the authorities to trust; default: the system's."
    )
    kafka_ssl_certificate_location: str | None = Field(None, description="File with the certificate of this client.")
    kafka_ssl_key_location: str | None = Field(None, description="File with the key of that certificate.")
    kafka_ssl_key_password: Secret | None = Field(None, description="Password of that key.")
    kafka_ssl_endpoint_identification_algorithm: Literal["https", "none"] | None = Field(
        None, description="Whether the broker's certificate must bear its host name; default https."
    )

    topic_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,64}$")] = Field(
        "", description="Stands before the name of every topic."
    )
    partitions: Annotated[int, Field(ge=1, le=1024)] = Field(
        8, description="Partitions of topics that are created; fixed once a topic holds data."
    )
    replication_factor: Annotated[int, Field(ge=-1, le=15)] = Field(
        -1, description="Copies of topics that are created; -1: as many as the broker's own default."
    )
    inbound_partitioner: Literal["murmur2", "crc32"] = Field(
        "murmur2",
        description="How publishers place keys: murmur2 (Java client) is checked, crc32 (librdkafka) is not.",
    )

    redis_url: Annotated[SecretStr, AfterValidator(as_redis_url)] | None = Field(
        None, description="Redis of the read side; with TLS `rediss://…`. Without it commands find cases on Kafka."
    )
    policy_dir: Path | None = Field(
        None, description="Policies of `replay`, `demo` and `policy check|publish`; `worker` reads the topic."
    )
    shadow_policy_dir: Path | None = Field(
        None, description="Policies that `worker` and `replay` try beside the live ones: compared, never executed."
    )

    state_dir: Annotated[Path, AfterValidator(as_state_dir)] = Field(
        Path("~/.local/state/refundry"),
        description="Where workers keep their state; lost, it is rebuilt from Kafka.",
    )
    state_store: Literal["rocksdb", "memory"] = Field("rocksdb", description="What keeps the state of a worker.")
    live_rows: Annotated[int, Field(ge=100, le=10_000_000)] = Field(
        20_000, description="Rows that a worker keeps decoded in memory, per table and partition."
    )

    guarantee: Literal["exactly_once", "at_least_once"] = Field(
        "exactly_once", description="at_least_once is for brokers without transactions, like the demo's."
    )
    commit_interval_ms: Annotated[int, Field(ge=5, le=10_000)] = Field(
        100, description="How long a round collects events before it commits, in milliseconds."
    )
    heartbeat_s: Annotated[int, Field(ge=0, le=3600)] = Field(
        60, description="So often a heartbeat passes the whole pipeline in each partition, in seconds; 0: never."
    )
    round_messages: Annotated[int, Field(ge=1, le=100_000)] = Field(
        20_000,
        description="How many events a round takes at most; above 5,000 only what a commit interval has time for.",
    )
    transaction_timeout_ms: Annotated[int, Field(ge=1_000, le=900_000)] = Field(
        10_000, description="After so many milliseconds the broker ends the transaction of a dead worker."
    )
    session_timeout_ms: Annotated[int, Field(ge=1_000, le=300_000)] = Field(
        8_000, description="After so many milliseconds the group gives the partitions of a silent worker away."
    )
    restore_stall_s: Annotated[int, Field(ge=1, le=86_400)] = Field(
        60, description="A worker whose state is not restored and reads nothing new for so many seconds gives up."
    )
    stuck_after_s: Annotated[int, Field(ge=5, le=86_400)] = Field(
        90, description="A worker that has work and moves nothing for so many seconds stops and says why."
    )
    dead_letters_in_a_row: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        1_000, description="After so many dead letters without a good event between them a worker stops."
    )
    dead_letters_percent: Annotated[int, Field(ge=1, le=100)] = Field(
        50, description="A worker stops when more than this share of its recent events were dead letters."
    )
    fault_points: Annotated[tuple[str, ...], BeforeValidator(as_fault_points)] = Field(
        (), description="Points at which a worker kills itself, with commas; for tests of its recovery."
    )

    hash_key: Annotated[SecretStr, Field(min_length=HASH_KEY_LENGTH, max_length=1024)] | None = Field(
        None, description="Key of the hashes that stand for persons' data; needed by `worker`, never to be changed."
    )
    act_from: Annotated[datetime, BeforeValidator(as_moment)] | None = Field(
        None, description="Causes before this time are decided for the record only: nothing is paid, sent or alerted."
    )
    case_retention_days: Annotated[int, Field(gt=DISPUTABLE_DAYS, le=36_500)] = Field(
        800, description="After so many days without an event a case keeps its money and forgets the rest."
    )

    ops_bind: Address = Field("127.0.0.1:9464", description="Where /metrics, /livez and /readyz are served.")
    console_bind: Address = Field("127.0.0.1:9465", description="Where the console is served.")
    console_users: Path | None = Field(
        None, description="YAML file of the console's users; `refundry console add-user` writes it."
    )
    console_behind_tls: bool = Field(
        False, description="Whether browsers reach the console over https alone, by way of a proxy."
    )
    console_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(as_networks)] = Field(
        (), description="Addresses or networks, with commas, of proxies whose `X-Forwarded-For` the console believes."
    )
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="How log lines look; auto: for people on a terminal, else JSON."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="From which level on to log.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is the library's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What `load_settings` gives, and no hidden look at the process's environment: tests pass their own."""
        return (init_settings,)

    def kafka_security(self) -> dict[str, str]:
        """The security settings by librdkafka's names, secrets in clear: for its clients alone."""
        told: dict[str, str] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if name.startswith(("kafka_security_", "kafka_sasl_", "kafka_ssl_")) and value is not None:
                own_name = name.removeprefix("kafka_").replace("_", ".")
                told[own_name] = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        return told

    def source_of(self, name: str) -> str:
        """Where the value of a setting came from: `environment`, a file's name, or `default`."""
        return self._sources.get(name, "default")

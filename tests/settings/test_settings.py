"""What an operator can set, and what is said when it is wrong."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka import KafkaException, Producer
from pydantic import SecretStr

from app.settings import (
    ConfigurationError,
    Settings,
    defaults,
    describe,
    load_settings,
    require_for_worker,
    split_address,
)

KEY = "a-key-of-the-tests-0123456789abcdef"
TLS = {
    "REFUNDRY_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "REFUNDRY_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "REFUNDRY_KAFKA_SASL_USERNAME": "refundry",
    "REFUNDRY_KAFKA_SASL_PASSWORD": "wonderland",
}
PRODUCTION = TLS | {"REFUNDRY_PROFILE": "production", "REFUNDRY_HASH_KEY": KEY}


def refused(environ: dict[str, str], file: Path | None = None) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environ, file)
    return [str(problem) for problem in caught.value.problems]


def test_without_anything_set_all_settings_have_the_documented_defaults():
    settings = load_settings({})
    told = {
        "app_id": "refundry",
        "slot": None,
        "topic_prefix": "",
        "partitions": 8,
        "inbound_partitioner": "murmur2",
        "state_store": "rocksdb",
        "commit_interval_ms": 100,
        "case_retention_days": 800,
        "ops_bind": "127.0.0.1:9464",
        "hash_key": None,
        "act_from": None,
        "redis_url": None,
        "policy_dir": None,
        "shadow_policy_dir": None,
        "profile": "development",
        "console_bind": "127.0.0.1:9465",
        "console_users": None,
        "console_behind_tls": False,
        "console_proxies": (),
    }
    assert {name: getattr(settings, name) for name in told} == told


def test_the_process_environment_is_not_looked_at_behind_the_callers_back(monkeypatch):
    monkeypatch.setenv("REFUNDRY_PARTITIONS", "3")
    monkeypatch.setenv("PARTITIONS", "4")
    assert load_settings({}).partitions == 8


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("PARTITIONS", "12", 12),
        ("REPLICATION_FACTOR", "3", 3),
        ("COMMIT_INTERVAL_MS", "20", 20),
        ("KAFKA_BOOTSTRAP_SERVERS", "a:9092, b:9093", "a:9092,b:9093"),
        ("OPS_BIND", "[::1]:0", "[::1]:0"),
        ("POLICY_DIR", "policies", Path("policies")),
        ("SHADOW_POLICY_DIR", "tried", Path("tried")),
        ("STATE_STORE", "memory", "memory"),
        ("ACT_FROM", "2026-03-01T12:00:00+02:00", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("FAULT_POINTS", "before_commit, after_commit", ("before_commit", "after_commit")),
        ("HASH_KEY", KEY, SecretStr(KEY)),
        ("SLOT", "", None),
        ("STATE_DIR", "~/state", Path("~/state").expanduser()),
    ],
)
def test_a_variable_sets_its_setting(variable, text, value):
    settings = load_settings({f"REFUNDRY_{variable}": text})
    assert getattr(settings, variable.lower()) == value


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"REFUNDRY_PARTITION": "8"}, "REFUNDRY_PARTITION (environment): there is no such setting (did you mean REFUNDRY_PARTITIONS?)"),
        ({"REFUNDRY_XYZZY": "8"}, "REFUNDRY_XYZZY (environment): there is no such setting (`refundry config show` lists all settings)"),
        ({"REFUNDRY_PARTITIONS": "many"}, "REFUNDRY_PARTITIONS (environment): expected a whole number (default: 8)"),
        ({"REFUNDRY_PARTITIONS": "0"}, "REFUNDRY_PARTITIONS (environment): expected at least 1 (default: 8)"),
        ({"REFUNDRY_PARTITIONS": "1025"}, "REFUNDRY_PARTITIONS (environment): expected at most 1024 (default: 8)"),
        ({"REFUNDRY_REPLICATION_FACTOR": "0"}, "REFUNDRY_REPLICATION_FACTOR (environment): expected -1, or a number from 1 (-1: the broker's own default)"),
        ({"REFUNDRY_STATE_STORE": "postgres"}, "REFUNDRY_STATE_STORE (environment): expected one of rocksdb, memory (default: rocksdb)"),
        ({"REFUNDRY_OPS_BIND": "9464"}, "REFUNDRY_OPS_BIND (environment): expected host:port (like 127.0.0.1:9464, an IPv6 host in brackets)"),
        ({"REFUNDRY_KAFKA_BOOTSTRAP_SERVERS": "http://a:9092"}, "REFUNDRY_KAFKA_BOOTSTRAP_SERVERS (environment): expected host:port, several with commas (like kafka-1:9092,kafka-2:9092; no scheme before the host)"),
        ({"REFUNDRY_ACT_FROM": "2026-01-01"}, "REFUNDRY_ACT_FROM (environment): expected a time with offset (like 2026-01-01T00:00:00Z)"),
        ({"REFUNDRY_CASE_RETENTION_DAYS": "540"}, "REFUNDRY_CASE_RETENTION_DAYS (environment): expected more than 540 (default: 800)"),
        ({"REFUNDRY_HASH_KEY": "short"}, "REFUNDRY_HASH_KEY (environment): expected at least 16 characters (make one with: openssl rand -hex 32)"),
        ({"REFUNDRY_REDIS_URL": "redis://localhost:many"}, "REFUNDRY_REDIS_URL (environment): expected a Redis URL (like redis://localhost:6379/0, with TLS rediss://user:password@host:6380/0)"),
        ({"REFUNDRY_REDIS_URL": "localhost:6379"}, "REFUNDRY_REDIS_URL (environment): expected a Redis URL (like redis://localhost:6379/0, with TLS rediss://user:password@host:6380/0)"),
        ({"REFUNDRY_APP_ID": "no spaces"}, "REFUNDRY_APP_ID (environment): expected at most 64 letters, digits, dots, dashes and underscores (default: refundry)"),
        ({"REFUNDRY_FAULT_POINTS": "Before Commit"}, "REFUNDRY_FAULT_POINTS (environment): expected names with commas (like before_commit,after_commit:20 for the twentieth pass)"),
        ({"REFUNDRY_FAULT_POINTS": "before_commit:often"}, "REFUNDRY_FAULT_POINTS (environment): expected names with commas (like before_commit,after_commit:20 for the twentieth pass)"),
        ({"REFUNDRY_FAULT_POINTS": "before_commit,before_comit:2"}, "REFUNDRY_FAULT_POINTS (environment): expected points that a round of GUARANTEE exactly_once passes (before_produce, before_offsets, before_commit, after_commit)"),
        ({"REFUNDRY_FAULT_POINTS": "before_offsets", "REFUNDRY_GUARANTEE": "at_least_once"}, "REFUNDRY_FAULT_POINTS (environment): expected points that a round of GUARANTEE at_least_once passes (before_produce, before_changelog, before_commit, after_commit)"),
        ({"REFUNDRY_COMMIT_INTERVAL_MS": "6000"}, "REFUNDRY_COMMIT_INTERVAL_MS (environment): expected at most half of TRANSACTION_TIMEOUT_MS (10000) (else the broker ends a transaction while the round still collects)"),
        ({"REFUNDRY_STUCK_AFTER_S": "10"}, "REFUNDRY_STUCK_AFTER_S (environment): expected more than TRANSACTION_TIMEOUT_MS (10000 ms) (a worker may wait that long for the transaction of one that died)"),
        ({"REFUNDRY_RESTORE_STALL_S": "10"}, "REFUNDRY_RESTORE_STALL_S (environment): expected more than TRANSACTION_TIMEOUT_MS (10000 ms) (a worker may wait that long for the transaction of one that died)"),
        ({"REFUNDRY_CONFIG": "/nowhere/refundry.yaml"}, "REFUNDRY_CONFIG (/nowhere/refundry.yaml): No such file or directory (name a file that exists)"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_refused_with_its_name_and_the_fix(environ, said):
    assert refused(environ) == [said]


def test_all_problems_are_told_at_once_and_no_value_is_repeated():
    environ = {"REFUNDRY_PARTITIONS": "s3cret-1", "REFUNDRY_NONE": "s3cret-2", "REFUNDRY_HASH_KEY": "s3cret-3"}
    said = refused(environ)
    assert sorted(line.split(" ")[0] for line in said) == ["REFUNDRY_HASH_KEY", "REFUNDRY_NONE", "REFUNDRY_PARTITIONS"]
    assert "s3cret" not in "".join(said)


def test_switches_of_the_test_suite_are_not_taken_for_settings():
    assert load_settings({"REFUNDRY_REQUIRE_KAFKA": "1", "REFUNDRY_HYPOTHESIS": "ci"}) == load_settings({})


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"REFUNDRY_KAFKA_SASL_MECHANISM": ""}, ["KAFKA_SASL_MECHANISM"]),
        ({"REFUNDRY_KAFKA_SASL_USERNAME": "", "REFUNDRY_KAFKA_SASL_PASSWORD": ""}, ["KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"]),
        ({"REFUNDRY_KAFKA_SECURITY_PROTOCOL": "SSL"}, ["KAFKA_SASL_MECHANISM", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"]),
        ({"REFUNDRY_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "REFUNDRY_KAFKA_SSL_CA_LOCATION": "ca.pem"}, ["KAFKA_SSL_CA_LOCATION"]),
        ({"REFUNDRY_KAFKA_SSL_KEY_LOCATION": "key.pem"}, ["KAFKA_SSL_KEY_LOCATION"]),
        (
            {"REFUNDRY_KAFKA_SASL_MECHANISM": "OAUTHBEARER", "REFUNDRY_KAFKA_SASL_OAUTHBEARER_METHOD": "oidc"},
            [f"KAFKA_SASL_OAUTHBEARER_{name}" for name in ("CLIENT_ID", "CLIENT_SECRET", "TOKEN_ENDPOINT_URL")],
        ),
    ],
)  # fmt: skip
def test_security_settings_that_do_not_go_together_are_refused(change, named):
    assert [line.split(" ")[0] for line in refused(TLS | change)] == [f"REFUNDRY_{name}" for name in named]


def known_to_librdkafka(name: str, value: str) -> bool:
    try:
        Producer({name: value})
    except KafkaException as error:
        return "No such configuration property" not in str(error)
    return True


def test_every_security_setting_reaches_librdkafka_under_a_name_that_it_knows():
    told = {"kafka_security_protocol": "SASL_SSL", "kafka_sasl_mechanism": "PLAIN"}
    names = [name for name in Settings.model_fields if name.startswith(("kafka_sasl_", "kafka_ssl_"))]
    security = Settings.model_construct(**(dict.fromkeys(names, "x") | told)).kafka_security()
    assert len(security) == len(names) + 1
    assert [name for name, value in security.items() if not known_to_librdkafka(name, value)] == []
    assert not known_to_librdkafka("sasl.user", "x")


def test_secrets_are_in_clear_for_the_clients_of_kafka_alone():
    settings = load_settings(
        TLS
        | {"REFUNDRY_REDIS_URL": "rediss://me:wonderland@redis:6380/0?password=wonderland", "REFUNDRY_HASH_KEY": KEY}
    )
    assert settings.kafka_security()["sasl.password"] == "wonderland"
    assert "wonderland" not in repr(settings) + str(settings)
    rows = {row.name: row for row in describe(settings)}
    shown = "".join(map(str, rows.values()))
    assert "wonderland" not in shown
    assert KEY not in shown
    assert rows["REFUNDRY_KAFKA_SASL_PASSWORD"].value == "****"
    assert rows["REFUNDRY_REDIS_URL"].value == "rediss://****@redis:6380/0?****"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({}, []),
        ({"REFUNDRY_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"}, ["KAFKA_SECURITY_PROTOCOL"]),
        ({"REFUNDRY_KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM": "none"}, ["KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM"]),
        ({"REFUNDRY_REDIS_URL": "redis://redis:6379"}, ["REDIS_URL"]),
        ({"REFUNDRY_REDIS_URL": "rediss://redis:6379"}, []),
        ({"REFUNDRY_REDIS_URL": "rediss://redis:6379?ssl_cert_reqs=none"}, ["REDIS_URL"]),
        ({"REFUNDRY_REDIS_URL": "rediss://redis:6379?ssl_check_hostname=No&ssl_check_hostname=yes"}, ["REDIS_URL"]),
        ({"REFUNDRY_REDIS_URL": "rediss://redis:6379?ssl_cert_reqs=required&ssl_check_hostname=true&ssl_ca_certs=ca.pem"}, []),
        ({"REFUNDRY_FAULT_POINTS": "before_commit"}, ["FAULT_POINTS"]),
        ({"REFUNDRY_GUARANTEE": "at_least_once"}, ["GUARANTEE"]),
        ({"REFUNDRY_REPLICATION_FACTOR": "1"}, ["REPLICATION_FACTOR"]),
        ({"REFUNDRY_HASH_KEY": KEY[:31]}, ["HASH_KEY"]),
    ],
)  # fmt: skip
def test_the_production_profile_refuses_what_must_not_reach_real_money(change, named):
    if named:
        assert [line.split(" ")[0] for line in refused(PRODUCTION | change)] == [f"REFUNDRY_{name}" for name in named]
    load_settings({**PRODUCTION, **change, "REFUNDRY_PROFILE": "development"})
    if not named:
        load_settings(PRODUCTION | change)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "refundry.yaml",
            "partitions: 12\nKAFKA_BOOTSTRAP_SERVERS: kafka:9092\nREFUNDRY_ACT_FROM: 2026-01-01T00:00:00Z\n",
        ),
        (
            "refundry.toml",
            'partitions = 12\nKAFKA_BOOTSTRAP_SERVERS = "kafka:9092"\nREFUNDRY_ACT_FROM = 2026-01-01T00:00:00Z\n',
        ),
    ],
)
def test_a_file_sets_what_the_environment_does_not(tmp_path, name, text):
    file = tmp_path / name
    file.write_text(text)
    settings = load_settings({"REFUNDRY_PARTITIONS": "4", "REFUNDRY_CONFIG": str(file)})
    assert (settings.partitions, settings.kafka_bootstrap_servers) == (4, "kafka:9092")
    assert settings.act_from == datetime(2026, 1, 1, tzinfo=UTC)
    sources = {row.name.removeprefix("REFUNDRY_"): row.source for row in describe(settings)}
    told = {"PARTITIONS": "environment", "KAFKA_BOOTSTRAP_SERVERS": str(file), "SLOT": "default"}
    assert told.items() <= sources.items()


def test_the_file_of_the_command_line_wins_over_that_of_the_environment(tmp_path):
    file = tmp_path / "own.yaml"
    file.write_text("partitions: 2\n")
    assert load_settings({"REFUNDRY_CONFIG": "/nowhere"}, file).partitions == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("partition: 8", "REFUNDRY_PARTITION ({file}): there is no such setting (did you mean REFUNDRY_PARTITIONS?)"),
        ("slot: a\nSLOT: b", "REFUNDRY_SLOT ({file}): expected once (it is written as slot too)"),
        ("partitions: [1]", "REFUNDRY_PARTITIONS ({file}): expected a whole number (default: 8)"),
        ("act_from: 2026-01-01", "REFUNDRY_ACT_FROM ({file}): expected a time with offset (like 2026-01-01T00:00:00Z)"),
        ("- partitions", "REFUNDRY_CONFIG ({file}): expected names and values (one `name: value` a line)"),
        (
            "a: b\n c: d",
            "REFUNDRY_CONFIG ({file}:2): expected YAML, or TOML in a .toml file (one `name: value` a line)",
        ),
        ("[" * 20_000, "REFUNDRY_CONFIG ({file}): expected YAML, or TOML in a .toml file (one `name: value` a line)"),
        ("a: !!bool x", "REFUNDRY_CONFIG ({file}): expected YAML, or TOML in a .toml file (one `name: value` a line)"),
        (
            "a: !!timestamp x",
            "REFUNDRY_CONFIG ({file}): expected YAML, or TOML in a .toml file (one `name: value` a line)",
        ),
        ("#" * 70_000, "REFUNDRY_CONFIG ({file}): expected at most 64 KiB (one `name: value` a line)"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name_and_the_fix(tmp_path, text, said):
    file = tmp_path / "refundry.yaml"
    file.write_text(text)
    assert refused({}, file) == [said.format(file=file)]


@pytest.mark.parametrize("written", ["10.0.0.7, 10.1.0.0/16", ["10.0.0.7", "10.1.0.0/16"]])
def test_proxies_are_addresses_and_networks(written, tmp_path):
    file = tmp_path / "refundry.yaml"
    file.write_text(f"console_proxies: {written}")
    found = load_settings({"REFUNDRY_CONFIG": str(file)}).console_proxies
    assert [str(network) for network in found] == ["10.0.0.7/32", "10.1.0.0/16"]


@pytest.mark.parametrize("written", ["proxy.example", "10.0.0.0/99", "10.0.0.1/8", "10.0.0.7,", "[7]"])
def test_a_proxy_that_is_no_address_is_refused(written):
    (said,) = refused({"REFUNDRY_CONSOLE_PROXIES": written})
    assert (
        "expected addresses or networks with commas (like 10.0.0.7,10.1.0.0/16; host names are not looked up)" in said
    )


def test_a_worker_needs_a_hash_key_and_the_files_that_it_was_told_of(tmp_path):
    there = tmp_path / "ca.pem"
    there.touch()
    environ = TLS | {"REFUNDRY_KAFKA_SSL_CA_LOCATION": str(there)}
    require_for_worker(load_settings(environ | {"REFUNDRY_HASH_KEY": KEY}))
    there.unlink()
    with pytest.raises(ConfigurationError) as caught:
        require_for_worker(load_settings(environ))
    assert [problem.name for problem in caught.value.problems] == [
        "REFUNDRY_HASH_KEY",
        "REFUNDRY_KAFKA_SSL_CA_LOCATION",
    ]


def test_every_setting_is_documented_in_one_line():
    for row in defaults():
        assert row.description.endswith(".")
        assert "\n" not in row.description
        assert len(row.description) <= 110


def test_what_is_shown_can_be_set_again():
    environ = TLS | {
        "REFUNDRY_ACT_FROM": "2026-01-01T00:00:00Z",
        "REFUNDRY_FAULT_POINTS": "before_offsets,after_commit:2",
        "REFUNDRY_SLOT": "3",
    }
    settings = load_settings(environ)
    again = {row.name: row.value for row in describe(settings) if row.value != "****"}
    password = {"REFUNDRY_KAFKA_SASL_PASSWORD": "wonderland"}
    assert load_settings(again | password).model_dump() == settings.model_dump()


@pytest.mark.parametrize(
    ("address", "parts"), [("127.0.0.1:9464", ("127.0.0.1", 9464)), ("[::1]:0", ("::1", 0)), ("host:80", ("host", 80))]
)
def test_an_address_is_a_host_and_a_port(address, parts):
    assert split_address(address) == parts


@pytest.mark.parametrize(
    ("bind", "behind_tls", "refuses"),
    [
        ("127.0.0.1:9465", "false", False),
        ("[::1]:9465", "false", False),
        ("localhost:9465", "false", False),
        ("0.0.0.0:9465", "false", True),
        ("[::]:9465", "false", True),
        ("10.0.0.7:9465", "false", True),
        ("console.internal:9465", "false", True),
        ("0.0.0.0:9465", "true", False),
    ],
)
def test_production_refuses_a_console_that_takes_passwords_in_plain_text(bind, behind_tls, refuses):
    environ = {"REFUNDRY_CONSOLE_BIND": bind, "REFUNDRY_CONSOLE_BEHIND_TLS": behind_tls}
    if refuses:
        (problem,) = refused(PRODUCTION | environ)
        assert problem.startswith("REFUNDRY_CONSOLE_BIND (environment): the production profile refuses passwords")
    else:
        load_settings(PRODUCTION | environ)
    load_settings(environ)

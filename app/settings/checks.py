"""Settings that are right each and wrong together, and what a worker needs beyond them."""

from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, urlsplit

from app.settings.fields import PREFIX, Settings
from app.settings.problems import ConfigurationError, SettingProblem
from app.settings.values import FAULT_POINTS, split_address

PRODUCTION_HASH_KEY_LENGTH = 32
_FALSE = frozenset({"false", "no", "n", "f", "0"})  # as the client of Redis reads them


def contradictions(settings: Settings) -> list[SettingProblem]:
    """What does not go together. Empty: the settings can be used."""
    problems = [*_security(settings), *_times(settings), *_fault_points(settings)]
    if settings.profile == "production":
        problems += _production(settings)
    return problems


def require_for_worker(settings: Settings) -> None:
    """Raises `ConfigurationError` unless a worker can be started with these settings."""
    problems: list[SettingProblem] = []
    if settings.hash_key is None:
        hint = "make one with: openssl rand -hex 32; keep it, another one is refused later"
        problems.append(_problem(settings, "hash_key", "a worker needs it", hint))
    for name in ("kafka_ssl_ca_location", "kafka_ssl_certificate_location", "kafka_ssl_key_location"):
        location = getattr(settings, name)
        if location is not None and not Path(location).exists():
            problems.append(_problem(settings, name, "there is no such file here", "mount it, or correct the path"))
    if problems:
        raise ConfigurationError(problems)


def _problem(settings: Settings, name: str, message: str, hint: str) -> SettingProblem:
    return SettingProblem(PREFIX + name.upper(), settings.source_of(name), message, hint)


def _fault_points(settings: Settings) -> Iterator[SettingProblem]:
    """A point that no round passes would kill nobody, and the test that names it would show nothing."""
    known = FAULT_POINTS[settings.guarantee]
    if any(point.partition(":")[0] not in known for point in settings.fault_points):
        text = f"expected points that a round of GUARANTEE {settings.guarantee} passes"
        yield _problem(settings, "fault_points", text, ", ".join(known))


def _security(settings: Settings) -> Iterator[SettingProblem]:
    protocol, mechanism = settings.kafka_security_protocol, settings.kafka_sasl_mechanism
    needed: list[str] = []
    if protocol.startswith("SASL_"):
        needed = ["kafka_sasl_mechanism"]
        if mechanism == "OAUTHBEARER" and settings.kafka_sasl_oauthbearer_method == "oidc":
            ending = ("client_id", "client_secret", "token_endpoint_url")
            needed += [f"kafka_sasl_oauthbearer_{name}" for name in ending]
        elif mechanism is not None and mechanism != "OAUTHBEARER":
            needed += ["kafka_sasl_username", "kafka_sasl_password"]
    for name in needed:
        if getattr(settings, name) is None:
            how = f"{protocol} with {mechanism}" if name != "kafka_sasl_mechanism" else protocol
            yield _problem(settings, name, f"{how} needs it", "set it, or choose another KAFKA_SECURITY_PROTOCOL")
    for start, meant in (("kafka_sasl_", protocol.startswith("SASL_")), ("kafka_ssl_", protocol.endswith("SSL"))):
        for name in Settings.model_fields:
            if name.startswith(start) and getattr(settings, name) is not None and not meant:
                text = f"means nothing with KAFKA_SECURITY_PROTOCOL {protocol}"
                hint = "SASL_SSL logs in and encrypts; or take this setting out"
                yield _problem(settings, name, text, hint)
    if (settings.kafka_ssl_certificate_location is None) != (settings.kafka_ssl_key_location is None):
        text = "a certificate and its key are given together"
        yield _problem(
            settings, "kafka_ssl_key_location", text, "set KAFKA_SSL_CERTIFICATE_LOCATION and this, or neither"
        )


def _times(settings: Settings) -> Iterator[SettingProblem]:
    if settings.commit_interval_ms * 2 > settings.transaction_timeout_ms:
        text = f"expected at most half of TRANSACTION_TIMEOUT_MS ({settings.transaction_timeout_ms})"
        hint = "else the broker ends a transaction while the round still collects"
        yield _problem(settings, "commit_interval_ms", text, hint)
    for name in ("stuck_after_s", "restore_stall_s"):
        if getattr(settings, name) * 1000 <= settings.transaction_timeout_ms:
            text = f"expected more than TRANSACTION_TIMEOUT_MS ({settings.transaction_timeout_ms} ms)"
            hint = "a worker may wait that long for the transaction of one that died"
            yield _problem(settings, name, text, hint)
    if settings.replication_factor == 0:
        yield _problem(
            settings, "replication_factor", "expected -1, or a number from 1", "-1: the broker's own default"
        )


def _production(settings: Settings) -> Iterator[SettingProblem]:
    refused = "the production profile refuses"
    if not settings.kafka_security_protocol.endswith("SSL"):
        text = f"{refused} plain text to Kafka"
        yield _problem(settings, "kafka_security_protocol", text, "set it to SASL_SSL or SSL")
    if settings.kafka_ssl_endpoint_identification_algorithm == "none":
        text = f"{refused} brokers whose name nobody checks"
        yield _problem(settings, "kafka_ssl_endpoint_identification_algorithm", text, "take it out")
    if settings.redis_url is not None:
        yield from _redis(settings, urlsplit(settings.redis_url.get_secret_value()), refused)
    if not settings.console_behind_tls and not _is_loopback(split_address(settings.console_bind)[0]):
        text = f"{refused} passwords in plain text over a network"
        hint = "bind it to 127.0.0.1, or put a TLS proxy in front and set CONSOLE_BEHIND_TLS to true"
        yield _problem(settings, "console_bind", text, hint)
    if settings.fault_points:
        yield _problem(settings, "fault_points", f"{refused} workers that kill themselves", "take it out")
    if settings.guarantee != "exactly_once":
        yield _problem(settings, "guarantee", f"{refused} anything but exactly_once", "take it out")
    if settings.replication_factor == 1:
        text = f"{refused} topics of which there is one copy"
        yield _problem(settings, "replication_factor", text, "3, or -1 for the broker's own default")
    if settings.hash_key is not None and len(settings.hash_key.get_secret_value()) < PRODUCTION_HASH_KEY_LENGTH:
        text = f"the production profile expects at least {PRODUCTION_HASH_KEY_LENGTH} characters"
        yield _problem(settings, "hash_key", text, "make one with: openssl rand -hex 32")


def _redis(settings: Settings, url: SplitResult, refused: str) -> Iterator[SettingProblem]:
    if url.scheme == "redis":
        yield _problem(
            settings, "redis_url", f"{refused} plain text to Redis", "use rediss://, or unix:// on one machine"
        )
    options = {name: values[0].lower() for name, values in parse_qs(url.query).items()}  # the first, as the client does
    if options.get("ssl_cert_reqs") == "none" or options.get("ssl_check_hostname") in _FALSE:
        text = f"{refused} a Redis whose certificate nobody checks"
        yield _problem(settings, "redis_url", text, "take ssl_cert_reqs and ssl_check_hostname out of it")


def _is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

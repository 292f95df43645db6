"""Where a merchant's standing in the monitoring programmes is read: on Kafka, or from a replay."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from agents import Desk
from agents.monitoring import TABLE
from app.cli.kafka import changelog_of, config_of, read_whole
from app.cli.replay import progress_of, tell
from app.cli.showing import console
from app.desk import global_topics
from app.domain.policy import Policies
from app.domain.programmes import Standing, decode_standing
from app.replay import Replay, Summary, desk_of_a_replay, replay_files
from app.runtime.store import row_of
from app.settings import Settings
from topics.catalogue import POLICIES


@dataclass
class Standings:
    """What is counted of one merchant, by network, and the policies that say how it is judged."""

    by_network: dict[str, Standing]
    policies: Policies


def from_kafka(settings: Settings, merchant_id: str) -> Standings:
    """As the workers have counted, up to now: the rows of their changelog, and the policies as published."""
    config, desk, found = config_of(settings), Desk(b""), dict[str, Standing]()
    prefix = f"{merchant_id}/".encode()

    def row(key: bytes | None, value: bytes | None) -> None:
        if key is not None and value is not None and key.startswith(prefix):
            found[key[len(prefix) :].decode()] = decode_standing(row_of(value))

    screen = console(err=True)
    with screen.status("reading what was counted") if screen.is_terminal else nullcontext():
        read_whole(config, {changelog_of(config, TABLE): row, POLICIES: global_topics(desk)[POLICIES]})
    return Standings(found, desk.policies)


def from_replay(
    files: Sequence[str],
    settings: Settings,
    merchant_id: str,
    *,
    policies: Path | None,
    fx: str | None,
    until: datetime | None,
) -> Standings:
    """As a replay of these messages counts."""
    desk, found = desk_of_a_replay(settings, policies=policies, fx=fx), dict[str, Standing]()

    def look(replay: Replay) -> None:
        for key, standing in replay.rows(TABLE):
            merchant, _, network = key.rpartition("/")
            if merchant == merchant_id:
                found[network] = standing

    with progress_of(files) as progress:
        replay_files(
            files,
            desk,
            lambda _: None,
            until=until,
            summary=Summary(),
            on_no_line=tell(),
            progress=progress,
            ended=look,
        )
    return Standings(found, desk.policies)

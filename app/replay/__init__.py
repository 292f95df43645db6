"""Refundry without a broker: a file of messages in, everything that would be published out."""

from app.replay.lines import NoLine
from app.replay.run import HASH_KEY, Replay, Rows, desk_of_a_replay, replay_files
from app.replay.summary import Summary

__all__ = ["HASH_KEY", "NoLine", "Replay", "Rows", "Summary", "desk_of_a_replay", "replay_files"]

"""`refundry config` and `refundry schema`."""

import json
from pathlib import Path

import pytest

from topics.schema import SCHEMAS


def test_every_setting_is_shown_with_where_it_comes_from(refundry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    file = tmp_path / "settings.yaml"
    file.write_text("partitions: 3\napp_id: from-file\n")
    monkeypatch.setenv("REFUNDRY_APP_ID", "from-environment")
    done = refundry("config", "show", "--config", file, "--output", "json")
    rows = {row["name"]: row for row in done.json}
    assert (rows["REFUNDRY_PARTITIONS"]["value"], rows["REFUNDRY_PARTITIONS"]["source"]) == ("3", str(file))
    assert (rows["REFUNDRY_APP_ID"]["value"], rows["REFUNDRY_APP_ID"]["source"]) == ("from-environment", "environment")
    assert rows["REFUNDRY_STATE_STORE"]["source"] == "default"
    assert all(row["description"] for row in rows.values())


def test_a_secret_is_never_shown(refundry, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REFUNDRY_HASH_KEY", "a-secret-of-thirty-two-characters")
    for output in ("table", "json"):
        done = refundry("config", "show", "--output", output)
        assert "****" in done.out
        assert "a-secret" not in done.out


def test_every_setting_that_is_wrong_is_told_with_the_fix(refundry, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REFUNDRY_PARTITIONS", "many")
    monkeypatch.setenv("REFUNDRY_PARTITION", "3")
    done = refundry("config", "show")
    assert (done.code, done.out) == (3, "")
    assert "REFUNDRY_PARTITIONS (environment): expected a whole number" in done.err
    assert "did you mean REFUNDRY_PARTITIONS?" in done.err
    assert done.complaint == "refundry: 2 problems to put right"


def test_a_worker_without_a_hash_key_does_not_start(refundry):
    done = refundry("worker")
    assert done.code == 3
    assert "REFUNDRY_HASH_KEY" in done.err
    assert "openssl rand -hex 32" in done.err


def test_schemas_that_were_exported_fit(refundry, tmp_path: Path):
    done = refundry("schema", "export", tmp_path / "schemas")
    assert done.code == 0
    assert (tmp_path / "schemas" / "orders" / "order.placed.json").exists()
    assert refundry("schema", "check", tmp_path / "schemas").code == 0
    assert "0 files changed" in refundry("schema", "export", tmp_path / "schemas").err


def test_schemas_that_do_not_fit_are_told_one_by_one(refundry, tmp_path: Path):
    refundry("schema", "export", tmp_path)
    changed, gone = tmp_path / "orders" / "order.placed.json", tmp_path / "reviews" / "review.resolved.json"
    changed.write_text(json.dumps({**json.loads(changed.read_text()), "title": "Another"}))
    gone.unlink()
    done = refundry("schema", "check", tmp_path)
    assert done.code == 6
    assert "orders/order.placed.json is not what the models say" in done.err
    assert "reviews/review.resolved.json is missing" in done.err
    assert done.complaint.startswith("refundry: 2 schemas do not fit")


def test_a_schema_that_is_no_text_does_not_fit(refundry, tmp_path: Path):
    refundry("schema", "export", tmp_path)
    (tmp_path / "orders" / "order.placed.json").write_bytes(b"\xff\xfe")
    done = refundry("schema", "check", tmp_path)
    assert done.code == 6
    assert "orders/order.placed.json is not what the models say" in done.err


def test_the_schemas_that_come_along_are_checked_by_default(refundry):
    assert refundry("schema", "check").out == refundry("schema", "check", SCHEMAS).out == "all schemas fit\n"


def test_files_of_others_are_not_removed_by_an_export(refundry, tmp_path: Path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious.json").write_text('{"a": 1}')
    done = refundry("schema", "export", tmp_path)
    assert done.code == 5
    assert "precious.json is none of our schemas" in done.complaint
    assert (tmp_path / "mine" / "precious.json").exists()

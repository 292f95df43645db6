"""`refundry programmes show`: where a merchant stands, worked out by hand from what a replay was told."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.cli.programmes import standing_in
from app.cli.standings import Standings
from app.domain.policy import Policies
from app.domain.programmes import Month as Months
from app.domain.programmes import Standing
from tests.cli.messages import line, written


def sale(number: int, at: str, network: str, merchant_id: str = "m"):
    return line(
        "payments",
        event_id=f"e-{network}-{number}",
        type="payment.captured",
        merchant_id=merchant_id,
        occurred_at=at,
        payment_id=f"p-{network}-{number}",
        order_id=f"o-{network}-{number}",
        amount={"amount_minor": 2400, "currency": "USD"},
        method={"kind": "card", "network": network},
    )


def chargeback(number: int, at: str, network: str):
    return line(
        "disputes",
        event_id=f"e-d-{network}-{number}",
        type="dispute.opened",
        occurred_at=at,
        payment_id=f"p-{network}-{number}",
        order_id=f"o-{network}-{number}",
        dispute_id=f"d-{network}-{number}",
        stage="chargeback",
        reason_code="4853" if network == "mastercard" else "13.1",
        amount={"amount_minor": 2400, "currency": "USD"},
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 sales of Mastercard in January and 80 chargebacks by the middle of February; 50 of Visa and one chargeback."""
    lines = [sale(number, "2026-01-20T12:00:00Z", "mastercard") for number in range(200)]
    lines += [sale(number, "2026-02-02T12:00:00Z", "visa") for number in range(50)]
    lines += [sale(1, "2026-02-02T12:00:00Z", "amex"), sale(2, "2026-02-02T12:00:00Z", "visa", "m.2")]
    lines += [chargeback(number, "2026-02-14T12:00:00Z", "mastercard") for number in range(80)]
    lines += [chargeback(0, "2026-02-14T12:00:00Z", "visa")]
    return written(tmp_path_factory.mktemp("told") / "in.jsonl", lines)


def test_ratio_thresholds_projection_and_what_is_left_are_those_of_the_newest_month(refundry, told):
    done = refundry("programmes", "show", "m", "--replay", told, "--output", "json")
    assert (done.json["merchant_id"], done.json["month"]) == ("m", "2026-02")
    rows = {row["programme"]: row for row in done.json["programmes"]}
    assert list(rows) == ["mastercard_hecm", "mastercard_ecm", "mastercard_efm", "visa_vamp"]
    ecm = rows["mastercard_ecm"]
    # 80 / 200; half way through 13.5 of 28 days
    assert (ecm["count"], ecm["base"], ecm["ratio_bps"], ecm["projected_ratio_bps"]) == (80, 200, "4000.00", "8296.30")
    assert (ecm["threshold"], ecm["left_before_breach"]) == ({"count": 100, "ratio_bps": 150}, 20)
    assert (ecm["state"], ecm["said"], ecm["as_of"]) == ("near", ["near"], "2026-02-14T12:00:00Z")
    assert (rows["mastercard_hecm"]["state"], rows["mastercard_hecm"]["left_before_breach"]) == ("below", 220)
    assert rows["mastercard_efm"]["state"] == "does not apply"
    vamp = rows["visa_vamp"]
    assert (vamp["count"], vamp["base"], vamp["ratio_bps"], vamp["left_before_breach"]) == (1, 50, "200.00", 1499)
    assert (vamp["threshold"], vamp["state"]) == ({"count": 1500, "ratio_bps": 220}, "below")


def test_another_month_and_the_region_of_the_merchant_s_policy_are_asked_for(refundry, told, tmp_path: Path):
    (tmp_path / "shop.yaml").write_text(
        "policy: shop\nversion: 1\neffective_from: 2020-01-01T00:00:00Z\nmerchants: [m]\n"
        "monitoring: {region: mena, regulated: true}\n"
    )
    asked = ("programmes", "show", "m", "--replay", told, "--month", "2026-04", "--output", "json")
    thresholds = [
        next(row["threshold"]["ratio_bps"] for row in done.json["programmes"] if row["programme"] == "visa_vamp")
        for done in (refundry(*asked), refundry(*asked, "--policies", tmp_path))
    ]
    assert thresholds == [150, 220]


def test_people_read_a_table_for_each_network(refundry, told):
    shown = refundry("programmes", "show", "m", "--replay", told).out
    assert "m in 2026-02" in shown
    assert "Mastercard, up to 2026-02-14 12:00 UTC" in shown
    assert "Visa, up to 2026-02-14 12:00 UTC" in shown
    (row,) = [text.split() for text in shown.splitlines() if text.strip().startswith("mastercard_ecm")]
    assert row == ["mastercard_ecm", "80", "200", "4000.00", "100", "150", "8296.30", "20", "near"]
    assert "nothing in this month" in refundry("programmes", "show", "m", "--replay", told, "--month", "2025-12").out


def test_a_merchant_of_whom_nothing_was_counted_says_so(refundry, told):
    done = refundry("programmes", "show", "nobody", "--replay", told)
    assert (done.code, done.out) == (2, "")
    assert "nothing was counted of this merchant here" in done.complaint


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--month", "2026-13"], "expected a month, such as 2026-03"),
        (["--month", "now"], "expected a month, such as 2026-03"),
        (["--until", "2026-03-06T00:00:00Z"], "belong to --replay"),
    ],
)
def test_what_is_no_month_or_has_no_meaning_is_a_usage_error(refundry, options, complaint):
    done = refundry("programmes", "show", "m", *options)
    assert done.code == 2
    assert complaint in done.complaint


@pytest.mark.parametrize(
    ("disputes", "states"),
    [
        (79, {"mastercard_hecm": "below", "mastercard_ecm": "below"}),
        (80, {"mastercard_hecm": "below", "mastercard_ecm": "near"}),
        (100, {"mastercard_hecm": "below", "mastercard_ecm": "crossed"}),
        (240, {"mastercard_hecm": "near", "mastercard_ecm": "crossed"}),
        (300, {"mastercard_hecm": "crossed", "mastercard_ecm": "outranked"}),
    ],
)
def test_the_state_of_a_programme_says_how_far_it_is_and_which_one_holds(disputes, states):
    end = datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC)
    standing = Standing({"2026-01": Months(sales=5000), "2026-02": Months(disputes=disputes, newest=end)})
    told = standing_in(Standings({"mastercard": standing}, Policies()), "m", "2026-02")
    found = {row["programme"]: row["state"] for row in told["programmes"]}
    assert found == states | {"mastercard_efm": "does not apply"}

"""`refundry dispute evidence`: the pack of a dispute as a document, on the screen and as a page."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from app.cli.evidence import page_of
from tests.cli.messages import capture, claim, line, order, written

HOSTILE = "<script>alert('x')</script> & more"


DELIVERED = line(
    "orders",
    event_id="e-delivered",
    type="order.delivered",
    order_id="o1",
    shipment_id="sh1",
    proof={"signed": True, "photo": False, "address_match": "full"},
)
SENT = line(
    "orders",
    event_id="e-sent",
    type="order.fulfilled",
    order_id="o1",
    shipment_id="sh1",
    lines=[{"line_id": "l1", "quantity": 2}],
    carrier=HOSTILE,
    tracking_number="1Z",
)


@pytest.fixture
def told(refundry, tmp_path: Path):
    """The messages of a shop, replayed into a file."""

    def replayed(*lines) -> Path:
        out = tmp_path / "out.jsonl"
        assert refundry("replay", written(tmp_path / "in.jsonl", list(lines)), "--out", out).code == 0
        return out

    return replayed


def test_the_pack_names_what_each_item_proves_and_the_event_that_it_rests_on(refundry, told):
    snapshots = told(order(), capture(), SENT, DELIVERED, claim())
    pack = refundry("dispute", "evidence", "d1", "--snapshots", snapshots, "--output", "json").json
    (exhibit,) = pack["exhibits"]
    assert (exhibit["number"], exhibit["item"], exhibit["event_id"]) == (1, "proof_of_delivery", "e-delivered")
    assert exhibit["title"] == "Proof of delivery"
    assert exhibit["proves"].startswith("The goods arrived")
    assert exhibit["value"]["tracking_number"] == "1Z"
    assert pack["missing"] == []
    about = (
        "dispute_id",
        "order_id",
        "payment_id",
        "network",
        "reason_code",
        "category",
        "stage",
        "state",
        "respond_by",
    )
    assert [pack[name] for name in about] == [
        "d1", "o1", "p-o1", "visa", "13.1", "product_not_received", "chargeback", "open", "2026-03-20T00:00:00Z",
    ]  # fmt: skip
    assert pack["recommendation"]["action"] == "accept"  # 0.55 x 39.00 - 30.00
    assert pack["payment"]["captured_minor"] == 2400


def test_what_is_missing_says_who_could_give_it(refundry, told):
    snapshots = told(order(), capture(), claim())
    pack = refundry("dispute", "evidence", "d1", "--snapshots", snapshots, "--output", "json").json
    assert pack["exhibits"] == []
    (gap,) = pack["missing"]
    assert (gap["item"], "carrier" in gap["given_by"]) == ("proof_of_delivery", True)
    shown = refundry("dispute", "evidence", "d1", "--snapshots", snapshots).out
    assert "There is no evidence." in shown
    assert "the carrier, by way of order.delivered" in shown


def test_people_read_the_claim_the_advice_and_the_evidence(refundry, told):
    shown = refundry("dispute", "evidence", "d1", "--snapshots", told(order(), capture(), SENT, DELIVERED, claim())).out
    assert "Dispute d1 over 24.00 USD: visa, 13.1, product_not_received, chargeback, open" in shown
    assert "to be answered by 2026-03-20T00:00:00Z" in shown
    assert "advice: accept, contesting is worth -8.55 USD" in shown
    assert "e-delivered" in shown


class Tags(HTMLParser):
    """The tags of a page that must be closed, and those that were."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_alone_and_shows_nothing_of_a_publisher_as_markup(refundry, told, tmp_path: Path):
    snapshots, page = (
        told(order(), capture(), SENT, DELIVERED, claim(), claim("d2", reason_code="10.4")),
        tmp_path / "d.html",
    )
    done = refundry("dispute", "evidence", "d1", "--snapshots", snapshots, "--html", page)
    assert done.code == 0
    assert f"written as a page: {page}" in done.out
    text = page.read_text()
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert not re.search(r"<(script|img|link|iframe|object)|https?://|url\(|@import", text)
    assert "&lt;script&gt;" in text
    for words in (
        "24.00 USD",
        "Proof of delivery",
        "Event e-delivered of 2026-03-02 12:00:00 UTC",
        '<dt>Answer by</dt><dd class="due">2026-03-20 00:00:00 UTC</dd>',
        "Accept. With a chance of 55 % contesting is worth -8.55 USD.",
        "Proof, signed",
        "yes",
    ):
        assert words in text
    refundry("dispute", "evidence", "d2", "--snapshots", snapshots, "--html", page)
    assert "What is missing" in page.read_text()
    assert "Earlier undisputed payments" in page.read_text()


def test_an_item_of_a_newer_version_is_shown_by_its_name(told, refundry):
    pack = refundry(
        "dispute", "evidence", "d1", "--snapshots", told(order(), capture(), claim()), "--output", "json"
    ).json
    item = {"number": 1, "item": "video_of_it", "title": "Video of it", "proves": "", "value": [{"at": 1}, {"at": None}],
            "event_id": "e", "occurred_at": "2026-03-02T12:00:00Z"}  # fmt: skip
    page = page_of(pack | {"exhibits": [item]})
    assert "Video of it" in page
    assert '<th scope="col">At</th>' in page
    assert "<td>not known</td>" in page


def test_a_value_that_is_no_table_is_shown_row_by_row(told, refundry):
    pack = refundry(
        "dispute", "evidence", "d1", "--snapshots", told(order(), capture(), claim()), "--output", "json"
    ).json
    values = [[], [{"a": 1}, {"b": 2}], [{"a": {"b": 1}}, {"a": 2}], {"ip": None}, "<b>", True, 7]
    items = [{"number": n, "item": "x", "title": "", "proves": "", "value": value, "event_id": "e", "occurred_at": ""}
             for n, value in enumerate(values)]  # fmt: skip
    page = page_of(pack | {"exhibits": items})
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    for text in ("<dt>2, b</dt><dd>2</dd>", "<dt>1, a, b</dt><dd>1</dd>", "<dt>IP address</dt><dd>not known</dd>",
                 "<dt>X</dt><dd>&lt;b&gt;</dd>", "<dt>X</dt><dd>7</dd>"):  # fmt: skip
        assert text in page


def test_what_is_ours_alone_is_left_out_in_print(told, refundry):
    pack = refundry(
        "dispute", "evidence", "d1", "--snapshots", told(order(), capture(), claim()), "--output", "json"
    ).json
    page = page_of(pack)
    assert re.search(r"@media print \{.*\.ours \{ display: none; \}", page)
    ours = "".join(re.findall(r'<section class="ours">.*?</section>', page, re.DOTALL))
    assert "contesting is worth" in ours
    assert "Could be given by" in ours
    rest = re.sub(r'<section class="ours">.*?</section>', "", page, flags=re.DOTALL)
    assert "contesting" not in rest
    assert "Could be given by" not in rest


def test_a_page_that_cannot_be_written_says_so(refundry, told, tmp_path: Path):
    snapshots = told(order(), capture(), claim())
    done = refundry("dispute", "evidence", "d1", "--snapshots", snapshots, "--html", tmp_path / "nowhere" / "d.html")
    assert (done.code, done.out) == (4, "")
    assert "No such file or directory" in done.complaint
    done = refundry("dispute", "evidence", "d1", "--snapshots", snapshots, "--html", "/dev/full")
    assert (done.code, done.out) == (4, "")
    assert "/dev/full: No space left on device" in done.complaint


def test_the_messages_can_be_replayed_first(refundry, tmp_path: Path):
    file = written(tmp_path / "in.jsonl", [order(), capture(), claim(), DELIVERED])
    done = refundry(
        "dispute", "evidence", "d1", "--replay", file, "--until", "2026-03-21T00:00:00Z", "--output", "json"
    )
    assert (done.json["state"], len(done.json["exhibits"])) == ("expired", 1)


def test_a_snapshot_of_before_evidence_was_kept_in_it_says_so(refundry, told):
    snapshots = told(order(), capture(), claim())
    records = [json.loads(text) for text in snapshots.read_text().splitlines()]
    for dispute in records[-1]["value"]["disputes"]:
        del dispute["evidence"]
    done = refundry("dispute", "evidence", "d1", "--snapshots", written(snapshots, records))
    assert done.code == 2
    assert "it comes with the next event of the order" in done.complaint


def test_a_dispute_that_is_not_there_says_so(refundry, told):
    done = refundry("dispute", "evidence", "d7", "--snapshots", told(order(), capture(), claim()))
    assert (done.code, done.out) == (2, "")
    assert done.complaint.startswith("refundry: there is no such dispute here")


def test_a_dispute_of_several_merchants_asks_for_the_merchant(refundry, told):
    others = [order(merchant_id="other"), capture(merchant_id="other"), claim(merchant_id="other")]
    snapshots = told(order(), capture(), claim(), *others)
    done = refundry("dispute", "evidence", "d1", "--snapshots", snapshots)
    assert "2 merchants have a dispute of this id: m, other (name one with --merchant)" in done.complaint
    found = refundry("dispute", "evidence", "d1", "--snapshots", snapshots, "--merchant", "other", "--output", "json")
    assert found.json["case_id"] == "other/o1"


@pytest.mark.parametrize("dispute_id", ['du"p', "dü", "d/1", "d\\1"])
def test_an_id_that_json_may_write_in_several_ways_is_found(refundry, told, dispute_id):
    snapshots = told(order(), capture(), claim(dispute_id))
    done = refundry("dispute", "evidence", dispute_id, "--snapshots", snapshots, "--output", "json")
    assert done.json["dispute_id"] == dispute_id

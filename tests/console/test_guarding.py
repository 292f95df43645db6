"""Who gets in: sessions, tokens, foreign pages, headers, hostile addresses, and passwords that are tried."""

import asyncio
import re
import time
import zlib
from ipaddress import ip_network

import pytest
from structlog.testing import capture_logs

from app.console.addresses import address_of
from app.console.passwords import hash_of, is_hash
from app.console.sessions import IDLE_S, SESSIONS_MAX, WHOLE_S, Sessions
from app.console.throttle import ONE_MORE_EVERY_S, TRIES_OF_A_NAME, TRIES_OF_AN_ADDRESS, Throttle
from tests.console.visitor import Visitor
from tests.console.world import HASH, PASSWORD, World, hashed, held

PAGES = ("/", "/case?id=m1/o1", "/search?q=o1", "/next", "/counts")


@pytest.mark.parametrize("path", PAGES)
def test_without_a_session_nothing_is_shown(world, visitor, path):
    held(world)
    page = visitor.get(path)
    assert "r1" not in page.text
    assert "Sign in" in page.text or page.status == 401


@pytest.mark.parametrize("path", ["/review", "/logout"])
def test_without_a_session_nothing_is_done(world, visitor, path):
    held(world)
    visitor.sign_in("ann")
    fields = visitor.case().verdict_forms()[0]["fields"] | {"verdict": "approve"}
    visitor.client.session.cookie_jar.clear()
    answer = visitor.post(path, fields)
    assert (answer.status, world.sent) == (401, [])


@pytest.mark.parametrize("csrf", [None, "", "wrong", "é", "of another session"])
@pytest.mark.parametrize("path", ["/review", "/logout"])
def test_without_the_sessions_own_token_nothing_is_done(world, visitor, path, csrf):
    held(world)
    visitor.sign_in("ann")
    form = visitor.case().verdict_forms()[0]["fields"] | {"verdict": "approve"}
    if csrf == "of another session":
        other = visitor.another()
        other.sign_in("ann")
        csrf = other.case().verdict_forms()[0]["fields"]["csrf"]
        assert csrf != form["csrf"]
    fields = {name: value for name, value in (form | {"csrf": csrf}).items() if value is not None}
    answer = visitor.post(path, fields)
    assert (answer.status, world.sent) == (403, [])
    assert visitor.case().offered()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({}, 200),
    ],
    ids=str,
)
def test_what_a_foreign_page_sends_is_refused_even_with_the_token(world, visitor, headers, status):
    held(world)
    visitor.sign_in("ann")
    fields = visitor.case().verdict_forms()[0]["fields"] | {"verdict": "approve"}
    assert visitor.post("/review", fields, **headers).status == status
    assert len(world.sent) == (status == 200)
    assert visitor.post("/login", {"name": "ann", "password": PASSWORD}, **headers).status == status


@pytest.mark.parametrize("seconds", [IDLE_S + 1, WHOLE_S + 1])
def test_a_session_ends_when_nobody_does_anything(world, visitor, seconds):
    held(world)
    visitor.sign_in("ann")
    page = visitor.case()
    world.pass_by(seconds)
    assert visitor.say(page, "approve").status == 401
    assert not world.sent
    assert "Sign in" in visitor.get("/").text


def test_a_session_ends_after_a_working_day_however_busy_it_was(world, visitor):
    visitor.sign_in("ann")
    for _ in range(int(WHOLE_S // 1200)):
        world.pass_by(1200)
        assert "What waits" in visitor.get("/").text
    world.pass_by(1200)
    assert "Sign in" in visitor.get("/").text


def test_a_page_that_asks_for_counts_by_itself_keeps_nobody_signed_in(world, visitor):
    visitor.sign_in("ann")
    for _ in range(4):
        world.pass_by(IDLE_S / 4)
        assert visitor.get("/counts").status == 200
    world.pass_by(1)
    assert visitor.get("/counts").status == 401
    assert "Sign in" in visitor.get("/").text


def test_who_signs_out_is_out_also_with_a_cookie_that_was_kept(world, visitor):
    visitor.sign_in("ann")
    page = visitor.get("/")
    cookie = next(iter(visitor.client.session.cookie_jar)).value
    visitor.post("/logout", page.forms[-1]["fields"] if "csrf" in page.forms[-1]["fields"] else page.forms[1]["fields"])
    assert "Sign in" in visitor.get("/").text
    assert "Sign in" in visitor.get("/", Cookie=f"refundry={cookie}").text


def test_who_gets_another_password_signs_in_anew(world, visitor):
    visitor.sign_in("ann")
    world.users.write_text(world.users.read_text().replace(HASH, hashed("another long password")))
    assert "Sign in" in visitor.get("/").text
    assert visitor.sign_in("ann").status == 401
    assert "What waits" in visitor.sign_in("ann", "another long password").text


def test_a_new_session_has_a_new_name_and_the_one_before_is_over(world, visitor):
    visitor.sign_in("ann")
    before = next(iter(visitor.client.session.cookie_jar)).value
    visitor.sign_in("ann")
    after = next(iter(visitor.client.session.cookie_jar)).value
    assert before != after
    visitor.client.session.cookie_jar.clear()
    assert "Sign in" in visitor.get("/", Cookie=f"refundry={before}").text


@pytest.mark.parametrize("cookie", ["", "x", "x" * 4000, "é".encode().decode("latin-1"), "../../etc/passwd"])
def test_a_cookie_that_was_made_up_opens_nothing(visitor, cookie):
    assert "Sign in" in visitor.get("/", Cookie=f"refundry={cookie}").text


def test_there_are_never_more_than_so_many_sessions_and_the_idlest_goes():
    now = [0.0]
    sessions = Sessions(lambda: now[0])
    cookies = []
    for number in range(SESSIONS_MAX):
        now[0] = number / 10
        cookies.append(sessions.open("ann", ""))
    now[0] += 1
    assert sessions.find(cookies[0]) is not None
    sessions.open("bob", "")
    assert sessions.find(cookies[1]) is None
    assert sessions.find(cookies[0]) is not None


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(tmp_path):
    for behind_tls, name in ((False, "refundry"), (True, "__Host-refundry")):
        with Visitor(World(tmp_path, behind_tls=behind_tls)) as visitor:
            answer = visitor.post("/login", {"name": "ann", "password": PASSWORD}, follow=False)
            cookie = answer.headers["Set-Cookie"]
            assert cookie.startswith(f"{name}=")
            assert {"HttpOnly", "Path=/", "SameSite=Strict"} <= set(cookie.split("; "))
            assert ("Secure" in cookie.split("; ")) == behind_tls
            assert ("Strict-Transport-Security" in answer.headers) == behind_tls


@pytest.mark.parametrize(
    "path", [*PAGES, "/login", "/nothing", "/static/x/console.css", "/case?id=no/such", "/review", "/%00", "/../etc"]
)
def test_every_answer_has_the_headers_also_where_it_is_a_refusal(world, visitor, path):
    visitor.sign_in("ann")
    page = visitor.get(path)
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["Cache-Control"] == "no-store"


def test_stylesheet_and_script_are_our_own_and_pages_hold_none_of_either(world, visitor):
    held(world)
    visitor.sign_in("ann")
    for path in ("/", "/case?id=m1/o1", "/search?q=o1"):
        text = visitor.get(path).text
        linked = re.findall(r'(?:href|src|action)="([^"]*)"', text)
        assert all(target.startswith(("/", "#")) or not target for target in linked)
        assert not re.search(r"<style|\son\w+=|\sstyle=|javascript:|<script(?! src=\"/static/)", text)
        for target in linked:
            if target.startswith("/static/"):
                served = visitor.get(target)
                assert served.status == 200
                assert "immutable" in served.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path",
    [
        "/case",
        "/case?id=",
        "/case?id=../../../etc/passwd",
        "/case?id=m1%2F..%2Fm2",
        "/case?id=%00%ff%fe",
        "/case?id=" + "x" * 5000,
        "/case?id=m1/o1&id=m2/o2",
        "/case?id=*",
        "/case?id=m1/o1%0d%0aSet-Cookie:%20a=b",
        "/?score=nan&task=x",
        "/?score=inf&task=%5B%22dispute%22%5D",
        "/?score=1e999&task=",
        "/?score=1&task=%5B%22nothing%22,1,2%5D",
        "/?kind=nothing&merchant=" + "m" * 3000,
        "/next?score=-1&task=%5B%5D&case=%00",
        "/search?q=" + "%F0%9F%98%80" * 500,
        "/search?q=%ud800",
    ],
    ids=lambda path: path[:40],
)
def test_a_hostile_address_gets_a_page_and_no_mistake_of_ours(world, visitor, path):
    held(world)
    visitor.sign_in("ann")
    page = visitor.get(path)
    assert page.status in (200, 404)
    assert "Set-Cookie" not in page.headers or "a=b" not in page.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("asked", "goes"),
    [
        ("/case?id=m1/o1", "/case?id=m1/o1"),
        ("//evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/\tevil", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_one_goes_on_to_pages_of_ours_alone(world, visitor, asked, goes):
    answer = visitor.post("/login", {"name": "ann", "password": PASSWORD, "next": asked}, follow=False)
    assert (answer.status, answer.headers["Location"]) == (303, goes)


def test_who_was_on_the_way_to_a_case_gets_there_after_signing_in(world, visitor):
    held(world)
    page = visitor.get("/case?id=m1/o1&subject=refund_request:r1")
    there = visitor.sign_in("ann", next=page.forms[0]["fields"]["next"])
    assert "r1" in there.text


@pytest.mark.parametrize(
    ("name", "password"),
    [("ann", "wrong"), ("nobody", PASSWORD), ("ann", ""), ("", ""), ("ann", PASSWORD + "x" * 300), ("é" * 500, "x")],
    ids=["password", "name", "none", "neither", "too long", "strange"],
)
def test_what_was_wrong_is_not_said(world, visitor, name, password):
    answer = visitor.sign_in(name, password)
    assert answer.status == 401
    assert "Name or password is not right." in answer.text
    assert password not in answer.text or not password or password == "x"


def test_a_name_that_does_not_exist_costs_as_much_as_one_that_does(world, visitor, monkeypatch):
    tried = []

    def matches(password, known):
        tried.append(known)
        return False

    monkeypatch.setattr("app.console.signing_in.matches", matches)
    for name in ("ann", "nobody", "no/name"):
        visitor.sign_in(name, "guess")
    assert len(tried) == 3
    assert tried[1] == tried[2] != tried[0]
    cost = [known.rsplit("$", 2)[0] for known in (tried[1], hash_of(PASSWORD))]
    assert cost[0] == cost[1]
    assert is_hash(tried[1])


def test_guessing_is_slowed_down_for_the_name_and_then_let_go_on(world, visitor):
    for _ in range(TRIES_OF_A_NAME):
        assert visitor.sign_in("ann", "guess").status == 401
    answer = visitor.sign_in("ann")
    assert answer.status == 429
    assert "Wait 60 seconds" in answer.text
    assert visitor.sign_in("bob").status == 200
    world.pass_by(ONE_MORE_EVERY_S)
    assert visitor.sign_in("ann").status == 200
    assert visitor.sign_in("ann", "guess").status == 401


def test_guessing_many_names_is_slowed_down_for_the_address():
    now = [0.0]
    throttle = Throttle(lambda: now[0])
    for number in range(TRIES_OF_AN_ADDRESS):
        assert throttle.wait(f"n{number}", "here") == 0
        throttle.failed(f"n{number}", "here")
    assert throttle.wait("ann", "here") == ONE_MORE_EVERY_S
    assert throttle.wait("ann", "elsewhere") == 0
    throttle.succeeded("n1", "here")
    assert throttle.wait("ann", "here") == 0
    now[0] += 10 * 3600
    assert throttle.wait("n2", "here") == 0


@pytest.mark.parametrize(
    "path",
    ["/", "/case?id=m1/o1&subject=refund_request:r1&kind=refund_request", "/search?q=o1", "/case?id=m1/o1&path=x"],
)
def test_a_page_that_waits_for_the_read_side_by_itself_keeps_nobody_signed_in(world, visitor, path):
    held(world)
    visitor.sign_in("ann")
    world.read_side.away = "Redis does not answer."
    page = visitor.get(path)
    for _ in range(4):
        world.pass_by(IDLE_S / 4)
        page = visitor.get(page.refresh())
        assert page.status == 503
    world.read_side.away = ""
    shown = visitor.get(page.refresh())
    assert (shown.status, "o1" in shown.text) == (200, True)
    world.pass_by(1)
    assert "Sign in" in visitor.get(page.refresh()).text


def test_a_case_that_waits_for_the_worker_by_itself_keeps_nobody_signed_in(world, visitor):
    held(world)
    visitor.sign_in("ann")
    world.deciding = False
    page = visitor.say(visitor.case(), "approve")
    for _ in range(20):
        world.pass_by(2)
        page = visitor.get(page.refresh())
        assert "Waiting for the worker" in page.text
    world.pass_by(IDLE_S - 39)
    assert visitor.get("/counts").status == 401


def test_a_page_that_loads_itself_again_after_a_form_does_not_send_the_form_again(world, visitor):
    held(world)
    visitor.sign_in("ann")
    other = visitor.another()
    other.sign_in("bob")
    page = other.case()
    world.deciding = False
    visitor.say(visitor.case(), "approve")
    answer = other.say(page, "deny", note="second")
    assert answer.status == 409
    assert other.get(answer.refresh()).status == 200
    world.read_side.away = "Redis does not answer."
    away = other.say(page, "deny", note="second")
    assert (away.status, away.refresh()) == (503, "")
    assert "Go back to what you wrote" in away.text


def test_where_the_address_is_that_of_a_proxy_one_who_guesses_shuts_nobody_else_out(tmp_path):
    with Visitor(World(tmp_path, behind_tls=True)) as visitor:
        for number in range(TRIES_OF_AN_ADDRESS + 1):
            assert visitor.sign_in(f"n{number}", "guess").status == 401
        assert visitor.post("/login", {"name": "ann", "password": PASSWORD}, follow=False).status == 303


def test_who_comes_by_way_of_a_known_proxy_is_slowed_down_by_the_address_that_it_tells(tmp_path):
    world = World(tmp_path, behind_tls=True)
    world.shared.proxies = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    with Visitor(world) as visitor:

        def sign_in(name: str, password: str, forwarded: str) -> int:
            fields = {"name": name, "password": password}
            return visitor.post("/login", fields, follow=False, **{"X-Forwarded-For": forwarded}).status

        for number in range(TRIES_OF_AN_ADDRESS):  # what stands before the last step, whoever guesses may make up
            assert sign_in(f"n{number}", "guess", f"198.51.100.{number}, 203.0.113.1") == 401
        assert sign_in("ann", PASSWORD, "203.0.113.1") == 429
        assert sign_in("ann", PASSWORD, "203.0.113.2") == 303


OURS = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("remote", "forwarded", "proxies", "behind_proxy", "expected"),
    [
        ("203.0.113.1", [], (), False, "203.0.113.1"),
        ("203.0.113.1", ["198.51.100.1"], (), False, "203.0.113.1"),
        ("203.0.113.1", ["198.51.100.1"], OURS, False, "203.0.113.1"),
        ("203.0.113.1", ["198.51.100.1"], (), True, None),
        ("203.0.113.1", ["198.51.100.1"], OURS, True, None),
        ("10.0.0.7", ["198.51.100.1"], OURS, True, "198.51.100.1"),
        ("10.0.0.7", ["198.51.100.1"], OURS, False, "198.51.100.1"),
        ("::ffff:10.0.0.7", ["198.51.100.1"], OURS, True, "198.51.100.1"),
        ("fd00::7", ["2001:DB8::0:1"], OURS, True, "2001:db8::1"),
        ("10.0.0.7", ["1.1.1.1, 198.51.100.1 ,10.2.0.1"], OURS, True, "198.51.100.1"),
        ("10.0.0.7", ["198.51.100.1", "10.2.0.1"], OURS, True, "198.51.100.1"),
        ("10.0.0.7", ["198.51.100.1, nonsense"], OURS, True, None),
        ("10.0.0.7", ["198.51.100.1, 203.0.113.9:4711"], OURS, True, None),
        ("10.0.0.7", [""], OURS, True, None),
        ("10.0.0.7", [], OURS, True, None),
        ("10.0.0.7", ["10.0.0.8"], OURS, True, None),
        ("", [], (), False, None),
    ],
)
def test_an_address_is_known_as_far_as_known_proxies_tell_it(remote, forwarded, proxies, behind_proxy, expected):
    assert address_of(remote, forwarded, proxies, behind_proxy=behind_proxy) == expected


def test_logs_name_the_actor_and_nothing_that_was_typed(world, visitor):
    held(world, by="support", requester_id="zoe")
    with capture_logs() as lines:
        visitor.sign_in("secret-typed-as-name", "secret-typed-as-password")
        visitor.sign_in("ann", "secret-typed-as-password")
        visitor.sign_in("ann")
        visitor.say(visitor.case(), "deny", note="secret-typed-as-note")
    assert [line["actor"] for line in lines if line["event"] == "review_sent"] == ["ann"]
    told = str(lines)
    assert not [word for word in ("secret", "o1", "r1", "zoe", "cus-") if word in told]


def test_a_users_file_that_cannot_be_used_lets_nobody_in_or_go_on(world, visitor):
    held(world)
    visitor.sign_in("ann")
    page = visitor.case()
    text = world.users.read_text()
    world.users.write_text("users: [")
    for answer in (visitor.get("/"), visitor.say(page, "approve"), visitor.sign_in("bob"), visitor.get("/login")):
        assert answer.status == 503
        assert "Nobody can be let in" in answer.text
    assert not world.sent
    world.users.write_text(text)
    assert visitor.case().offered()


def test_a_mistake_of_ours_is_a_page_that_says_so_and_not_what(world, visitor, monkeypatch):
    held(world)
    visitor.sign_in("ann")

    def broken(_):
        raise RuntimeError("with a secret")

    monkeypatch.setattr(world.read_side, "case", broken)
    page = visitor.case()
    assert page.status == 500
    assert "secret" not in page.text
    assert page.headers["Content-Security-Policy"]


FORM = "application/x-www-form-urlencoded"
PART = b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nann\r\n--b--\r\n'
MUCH = zlib.compress(b"x" * 30_000_000)


@pytest.mark.parametrize(
    ("kind", "body", "more"),
    [
        (f"{FORM}; charset=rot13", b"name=ann", {}),
        (f"{FORM}; charset=utf-16", b"x", {}),
        (f"{FORM}; charset=punycode", b"x-" + b"a" * 60_000, {}),
        (f"{FORM}; charset=idna", b"name=ann", {}),
        (FORM, b"name=\xff", {}),
        (FORM, MUCH, {"Content-Encoding": "deflate"}),
        ("multipart/form-data", b"name=ann", {}),
        ("multipart/form-data; boundary=b", PART, {}),
        ("text/plain", b"name=ann", {}),
    ],
    ids=[
        "no charset",
        "another",
        "a slow one",
        "idna",
        "no UTF-8",
        "packed",
        "no parts",
        "parts",
        "text",
    ],
)
def test_what_is_no_form_of_ours_is_refused_before_anybody_looks_at_it(visitor, kind, body, more):
    began = time.process_time()
    page = visitor.post("/login", body, **{"Content-Type": kind} | more)
    assert time.process_time() - began < 0.5
    assert page.status == 400
    assert "cannot be understood" in page.text


def test_a_mistake_of_ours_is_logged_by_type_and_place_and_not_by_what_it_quotes(world, visitor, monkeypatch):
    held(world)
    visitor.sign_in("ann")

    def broken(_):
        raise RuntimeError("with a secret")

    monkeypatch.setattr(world.read_side, "case", broken)
    with capture_logs() as lines:
        visitor.case()
    (line,) = [line for line in lines if line["event"] == "console_failed"]
    assert line["error"] == "RuntimeError"
    assert "test_guarding.py:" in line["at"]
    assert "secret" not in str(lines)


def test_a_form_that_does_not_come_to_its_end_is_let_go(visitor, monkeypatch):
    monkeypatch.setattr("app.console.guarding.SENT_WITHIN_S", 0.05)
    head = f"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nContent-Length: 50\r\n\r\nname=ann"

    async def answer() -> bytes:
        reader, writer = await asyncio.open_connection(visitor.client.host, visitor.client.port)
        writer.write(head.encode())
        try:
            return await reader.readuntil(b"</html>")
        finally:
            writer.close()
            await writer.wait_closed()

    page = visitor.loop.run_until_complete(answer())
    assert page.startswith(b"HTTP/1.1 408 ")
    assert b"This took too long" in page
    assert b"Content-Security-Policy: default-src" in page

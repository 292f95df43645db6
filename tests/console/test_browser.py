"""The console in a real browser: keys, counts that live, and nothing that its policy forbids."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from playwright.sync_api import Page, sync_playwright

from app.console.application import application_of
from tests.console.world import PASSWORD, World, alerted, disputed, held
from tests.domain.events import Said
from tests.tiers import chromium

OPTIONS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

pytestmark = pytest.mark.browser


@pytest.fixture
def address(world: World) -> Iterator[str]:
    """Where the console is served, by a thread of its own."""
    loop, ready, found = asyncio.new_event_loop(), threading.Event(), list[Any]()

    async def serve() -> None:
        server = TestServer(application_of(world.shared))
        await server.start_server()
        found.append(server)
        ready.set()

    def run() -> None:
        loop.run_until_complete(serve())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    yield str(found[0].make_url("/"))
    asyncio.run_coroutine_threadsafe(found[0].close(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def page(address: str, tmp_path: Path) -> Iterator[Page]:
    """A page of a fresh browser, signed in as an analyst. What the browser complains of fails the test."""
    complaints: list[str] = []
    with sync_playwright() as playwright:
        profile = str(tmp_path / "profile")
        with playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium(), args=OPTIONS
        ) as context:
            page = context.pages[0]
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(address)
            page.fill("#name", "ann")
            page.fill("#password", PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_selector("h1:has-text('What waits')")
            yield page
    assert complaints == []


@pytest.fixture
def several(world: World) -> None:
    held(world, "m1/o1")
    disputed(world, "m1/o2")
    alerted(world, "m2/o3")


def heading(page: Page) -> str:
    return page.locator("h1").inner_text()


def test_by_keys_alone_one_gets_from_the_queue_through_all_cases_and_back(several, page):
    for key in "jjk":
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.textContent") == "o3"
    with page.expect_navigation():
        page.keyboard.press("Enter")
    met = [heading(page)]
    for _ in range(2):
        with page.expect_navigation():
            page.keyboard.press("n")
        met.append(heading(page))
    assert met == ["o3", "o1", "o2"]
    with page.expect_navigation():
        page.keyboard.press("n")
    assert "That was the last one" in page.inner_text("main")
    page.keyboard.press("/")
    page.keyboard.type("d1")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "1 case has the number d1" in page.inner_text("main")
    with page.expect_navigation():
        page.keyboard.press("q")
    assert heading(page) == "What waits for a person"


def test_keys_that_are_typed_into_a_field_do_nothing_else_and_enter_sends_no_verdict(several, world, page):
    page.goto(page.url + "case?id=m1/o1")
    page.fill("textarea", "")
    page.locator("textarea").press_sequentially("nqjk/")
    page.locator("input[name=amount]").press("Enter")
    assert page.input_value("textarea") == "nqjk/"
    page.fill("textarea", "after Enter")
    page.click("button.approve")
    page.wait_for_selector("text=second person, and only")
    assert [event["note"] for event in world.sent] == ["after Enter"]


def test_a_double_click_is_one_verdict(several, world, page):
    page.goto(page.url + "case?id=m1/o2")
    page.dblclick("button.contest")
    page.wait_for_selector("text=Nothing of this case waits")
    assert len(world.sent) == 1


def test_a_case_that_waits_for_the_worker_looks_again_by_itself_until_it_is_answered(several, world, page):
    world.deciding = False
    page.goto(page.url + "case?id=m1/o1&subject=refund_request:r1&kind=refund_request")
    page.click("button.approve")
    page.wait_for_selector("text=Waiting for the worker")
    page.wait_for_url("**/case?*refreshed=1")
    world.stories["m1/o1"].when(Said("reviews", world.sent[0]))
    world.look("m1/o1")
    page.wait_for_selector("text=second person, and only")
    assert len(world.sent) == 1


def test_counts_live_and_say_when_the_queue_has_changed(several, world, page):
    assert page.inner_text("[data-count=all]") == "3"
    held(world, "m1/o4")
    page.evaluate("count()")
    page.wait_for_selector("#news:visible")
    assert page.inner_text("[data-count=all]") == "4"
    assert page.inner_text("[data-count=refund_request]") == "2"


@pytest.mark.parametrize(
    "path", ["", "?kind=dispute", "case?id=m1/o1", "case?id=m1/o2", "case?id=m2/o3", "search?q=o1"]
)
@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_is_wider_than_its_window_and_every_field_has_its_label(several, page, path, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(page.url + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    unlabelled = (
        "[...document.querySelectorAll('input:not([type=hidden]), textarea, select')].filter(e => !e.labels.length)"
    )
    assert page.evaluate(f"{unlabelled}.length") == 0
    assert page.evaluate("document.querySelectorAll('h1').length") == 1

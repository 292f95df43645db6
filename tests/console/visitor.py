"""A browser as far as the console needs one: cookies, forms with their hidden fields, and headers that browsers send."""

import asyncio
import html
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any, Self

from aiohttp import CookieJar
from aiohttp.test_utils import TestClient, TestServer

from app.console.application import application_of
from tests.console.world import PASSWORD, World


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self.links: list[dict[str, str | None]] = []
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.forms.append({"action": given["action"], "fields": {}, "buttons": []})
        elif tag == "a":
            self.links.append(given)
        elif self.forms and tag == "input" and given.get("name"):
            self.forms[-1]["fields"][given["name"]] = given.get("value") or ""
        elif self.forms and tag == "textarea":
            self._area = given["name"]
            self.forms[-1]["fields"][self._area] = ""
        elif self.forms and tag == "button" and given.get("name"):
            self.forms[-1]["buttons"].append(given["value"])

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1]["fields"][self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None


@dataclass
class Page:
    """What came back."""

    status: int
    text: str
    headers: Any
    path: str

    @property
    def forms(self) -> list[dict[str, Any]]:
        return self._parsed().forms

    def verdict_forms(self) -> list[dict[str, Any]]:
        return [form for form in self.forms if form["action"].startswith("/review")]

    def offered(self) -> list[str]:
        """The verdicts that the page offers."""
        return [button for form in self.verdict_forms() for button in form["buttons"]]

    def link(self, key: str) -> str:
        """The address behind a key."""
        return next(
            one["href"] for one in self._parsed().links if one.get("data-key") == key and "button" in one["class"]
        )  # type: ignore[return-value,operator]

    def refresh(self) -> str:
        """The address that the page loads by itself after a while; empty where it does not."""
        found = re.search(r'<meta http-equiv="refresh" content="\d+; url=([^"]+)">', self.text)
        return html.unescape(found[1]) if found else ""

    def rows(self) -> list[str]:
        """The addresses of the rows of a list, in order."""
        return [one["href"] for one in self._parsed().links if (one["href"] or "").startswith("/case")]  # type: ignore[misc]

    def _parsed(self) -> _Forms:
        parser = _Forms()
        parser.feed(self.text)
        return parser


class Visitor:
    """One browser. `follow`: whether it goes on where it is sent."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.loop = asyncio.new_event_loop()
        self.client = self._run(self._start())
        self._others: list[Visitor] = []

    async def _start(self) -> TestClient:  # type: ignore[type-arg]
        server = TestServer(application_of(self.world.shared))
        client = TestClient(server, cookie_jar=CookieJar(unsafe=True))
        await client.start_server()
        return client

    def another(self) -> "Visitor":
        """Another browser at the same console."""
        other = Visitor.__new__(Visitor)
        other.world, other.loop = self.world, self.loop

        async def start() -> Any:
            client = TestClient(self.client.server, cookie_jar=CookieJar(unsafe=True))
            await client.start_server()
            return client

        other.client = self._run(start())
        self._others.append(other)
        return other

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for other in self._others:
            self._run(other.client.session.close())
        self._run(self.client.close())
        self.loop.close()

    def _run(self, awaited: Any) -> Any:
        return self.loop.run_until_complete(awaited)

    async def _ask(self, method: str, path: str, **how: Any) -> Page:
        async with self.client.request(method, path, **how) as response:
            return Page(response.status, await response.text(), response.headers, str(response.url.relative()))

    def get(self, path: str, *, follow: bool = True, **headers: str) -> Page:
        return self._run(self._ask("GET", path, allow_redirects=follow, headers=headers))

    def post(self, path: str, fields: Any, *, follow: bool = True, **headers: str) -> Page:
        return self._run(self._ask("POST", path, data=fields, allow_redirects=follow, headers=headers))

    def sign_in(self, name: str, password: str = PASSWORD, **fields: str) -> Page:
        return self.post("/login", {"name": name, "password": password, **fields})

    def case(self, case_id: str = "m1/o1") -> Page:
        return self.get(f"/case?id={case_id}")

    def say(self, page: Page, verdict: str, **fields: str) -> Page:
        """Presses a button of the first form of a case's page."""
        form = page.verdict_forms()[0]
        return self.post(form["action"], form["fields"] | fields | {"verdict": verdict})

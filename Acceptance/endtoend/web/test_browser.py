"""The pages in a real browser: what they load, how they look, and who can use them."""

from __future__ import annotations

import re
import shutil
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, sync_playwright

from endtoend.web.conftest import CENTRE, Serve
from endtoend.web.site import Site

PATHS = (
    *("/", "/packages", "/package/numpy", "/user/user4", "/accounts", "/environments", "/stacks"),
    *("/python", "/together", "/ended", "/hosts", "/health", "/canaries", "/definitions"),
    *("/search?q=user", "/nothing", "/trend/numpy/scipy", "/job/JOB"),
)
# Milliseconds from the navigation to the first paint of something.
PAINT = """() => {
  const [paint] = performance.getEntriesByName('first-contentful-paint');
  return paint ? paint.startTime : null;
}"""

# Labels that are cut by the edge of their picture, or lie outside of it.
LABELS_OUTSIDE = """() => [...document.querySelectorAll('svg')].flatMap(picture => {
  const box = picture.getBoundingClientRect();
  return [...picture.querySelectorAll('text')].filter(text => {
    const inner = text.getBoundingClientRect();
    return inner.left < box.left - 1 || inner.right > box.right + 1
        || inner.top < box.top - 1 || inner.bottom > box.bottom + 1;
  }).map(text => text.textContent);
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium, "no chromium (Debian: apt-get install chromium)"
    with sync_playwright() as playwright:
        # no name leads anywhere: the pages need none
        options = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
        started = playwright.chromium.launch(executable_path=chromium, args=options)
        yield started
        started.close()


@pytest.fixture(scope="module")
def site(serve: Serve) -> Site:
    return serve("sqlite")


def address(site: Site, path: str) -> str:
    """The address of a page."""
    if "JOB" in path:
        jobs = {str(record["job_id"]) for record in CENTRE.records if record.get("job_id")}
        job = next(job for job in sorted(jobs) if site.get(f"/job/{job}").status == 200)
        path = path.replace("JOB", job)
    return f"http://127.0.0.1:{site.port}{path}"


def opened(browser: Browser, url: str, **options: Any) -> tuple[Page, list[str], list[str]]:
    """A page, the addresses that it asked for, and what the browser complained of."""
    page = browser.new_page(**options)
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    return page, asked, complaints


@pytest.mark.parametrize("path", PATHS)
def test_a_page_in_a_browser(browser: Browser, site: Site, path: str) -> None:
    url = address(site, path)
    page, asked, complaints = opened(browser, url)
    # one request, one style sheet, no script
    style = [other for other in asked if re.search(r"/style-[0-9a-f]+\.css$", other)]
    others = [other for other in asked if other not in style and not other.startswith("data:")]
    assert others == [url]
    assert len(style) == 1
    assert page.locator("script").count() == 0
    # the browser itself complains of a page that is not found
    assert [text for text in complaints if "404" not in text] == []
    assert page.evaluate(LABELS_OUTSIDE) == []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    # a phone scrolls down alone
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(LABELS_OUTSIDE) == []
    page.close()


def test_every_link_is_reached_with_the_keyboard(browser: Browser, site: Site) -> None:
    page, _, _ = opened(browser, address(site, "/"))
    links = page.locator("a:visible").count()
    seen = set()
    for _ in range(2 * links + 60):
        page.keyboard.press("Tab")
        focus = page.evaluate(
            """() => {
              const element = document.activeElement;
              if (!element || element === document.body) return null;
              const style = getComputedStyle(element);
              const hit = element.querySelector('.hit');
              const isSeen = style.outlineStyle !== 'none'
                  || (hit && getComputedStyle(hit).stroke !== 'none');
              const all = [...document.querySelectorAll('a')];
              return [element.tagName.toLowerCase(), all.indexOf(element), isSeen];
            }"""
        )
        if focus is None:
            continue
        name, number, is_seen = focus
        if name == "a":
            assert is_seen, number
            seen.add(number)
    assert len(seen) >= links


def test_the_overview_is_printed_on_two_pages(browser: Browser, site: Site, home: Path) -> None:
    page, _, _ = opened(browser, address(site, "/"))
    file = home / "overview.pdf"
    file.write_bytes(page.pdf(format="A4", prefer_css_page_size=True))
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", file.read_bytes())) <= 2
    page.close()


def test_the_overview_is_small(site: Site) -> None:
    page = site.get("/", Accept_Encoding="gzip")
    style = re.search(r'href="(/style-[^"]+)"', site.get("/").text)
    assert style
    sheet = site.get(style[1], Accept_Encoding="gzip")
    assert page.headers["content-encoding"] == sheet.headers["content-encoding"] == "gzip"
    assert "immutable" in sheet.headers["cache-control"]
    assert len(page.body) + len(sheet.body) < 30_000


def test_the_overview_is_painted_soon(browser: Browser, site: Site) -> None:
    def paint(path: str) -> float:
        times = []
        for _ in range(15):
            page, _, _ = opened(browser, address(site, path))
            # the pages forbid evaluation, by which Playwright would wait
            while (painted := page.evaluate(PAINT)) is None:
                page.wait_for_timeout(5)
            times.append(float(painted))
            page.close()
        return statistics.median(times)

    empty = paint("/nothing")
    # other tests run beside this one; alone it takes a fraction of this bound
    assert paint("/") - empty < 300

"""The room in a real browser: nothing is lost, nothing is sent, and nothing is scored."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.browser import Watch
from tests.support.served_pages import Live

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request

CANDIDATE = "C-17-zibblewick"
NOTES = "Said that two calls with one key both pass."


@pytest.fixture
def room_url(live: Live) -> str:
    return f"{live.url}/{live.interview_id}/room"


def begin(page: Page, url: str, candidate: str = CANDIDATE) -> None:
    page.goto(url)
    page.get_by_label("Candidate reference").fill(candidate)
    page.get_by_label("Interviewer", exact=True).fill("Ian")
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("heading", name="Opening", level=1).wait_for()


def step(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Steps").get_by_role("button", name=name).click()


def saved(page: Page) -> None:
    page.get_by_text("Saved in this browser").wait_for()


def criteria(page: Page) -> Any:
    return page.get_by_role("group", name="Criteria").get_by_role("checkbox")


def rating(page: Page, value: str) -> Any:
    return page.get_by_role("group", name="Rating").get_by_role("radio", name=value, exact=True)


def notes(page: Page) -> Any:
    return page.locator("main textarea")


def kept(page: Page) -> list[str]:
    """The names under which something about this interview is stored."""
    names: list[str] = page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('techscreen room '))")
    return names


def session(page: Page) -> dict[str, Any]:
    """What is stored of the one session."""
    stored = page.evaluate(
        "Object.entries(localStorage).filter(([key]) => / session /.test(key)).map(([, value]) => value)"
    )
    assert len(stored) == 1
    found: dict[str, Any] = json.loads(stored[0])
    return found


def kept_for_offline(page: Page) -> None:
    """Wait until the page can be opened without a network."""
    page.wait_for_function(
        """async () => {
          const [name] = await caches.keys();
          const { files } = JSON.parse(document.getElementById("room-files").textContent);
          return name && (await (await caches.open(name)).keys()).length === files.length + 1;
        }"""
    )


def downloaded(page: Page, button: str) -> tuple[str, str]:
    """The name and the text of a file that a button makes."""
    with page.expect_download() as started:
        page.get_by_role("button", name=button, exact=True).click()
    file = started.value
    return file.suggested_filename, Path(file.path()).read_text(encoding="utf-8")


def fill_the_storage(page: Page) -> None:
    """Have the browser refuse to store anything; `window.setItem` is what stores."""
    page.evaluate(
        """() => {
          window.setItem = Storage.prototype.setItem;
          Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); };
        }"""
    )


def fill_question(page: Page, number: int, *, ticks: tuple[int, ...], value: str, text: str = NOTES) -> None:
    step(page, f"Question {number} of 5")
    for place in ticks:
        criteria(page).nth(place).check()
    rating(page, value).check()
    notes(page).fill(text)


# --------------------------------------------------------------------------------------------- nothing is lost


def test_what_is_noted_survives_a_reload(page: Page, room_url: str) -> None:
    begin(page, room_url)
    fill_question(page, 2, ticks=(0, 2), value="3")
    page.get_by_role("group", name="Fixed probes").get_by_role("checkbox").first.check()
    saved(page)
    page.reload()

    page.get_by_text("Question 2 of 5").wait_for()
    assert [box.is_checked() for box in criteria(page).all()][:4] == [True, False, True, False]
    assert rating(page, "3").is_checked()
    assert notes(page).input_value() == NOTES
    assert page.get_by_role("group", name="Fixed probes").get_by_role("checkbox").first.is_checked()


def test_the_last_key_before_the_page_goes_is_kept(page: Page, room_url: str) -> None:
    begin(page, room_url)
    step(page, "Question 1 of 5")
    notes(page).press_sequentially("abc")
    page.reload()

    assert notes(page).input_value() == "abc"


def test_it_goes_on_without_a_network(page: Page, room_url: str, watch: Watch) -> None:
    watch.expect("Failed to load resource", "net::ERR")
    begin(page, room_url)
    kept_for_offline(page)
    fill_question(page, 3, ticks=(1,), value="1")
    saved(page)
    page.context.set_offline(True)
    page.reload()

    page.get_by_text("Question 3 of 5").wait_for()
    assert rating(page, "1").is_checked()
    for is_offline in (False, True):  # the pretence, unlike a real loss of the network, does not outlast a reload
        page.context.set_offline(is_offline)
    page.get_by_text("No network").wait_for()
    notes(page).fill("Still here.")
    saved(page)
    step(page, "Summary")
    assert downloaded(page, "Table (CSV)")[1]
    page.reload()
    step(page, "Question 3 of 5")
    assert notes(page).input_value() == "Still here."


def test_a_server_that_is_down_is_like_no_network(page: Page, room_url: str, live: Live, watch: Watch) -> None:
    watch.expect("status of 503", "answer 503")
    begin(page, room_url)
    kept_for_offline(page)
    whole = live.app.wsgi_app

    def down(environ: dict[str, Any], start: Any) -> list[bytes]:
        start("503 Service Unavailable", [("Content-Type", "text/html")])
        return [b"down"]

    live.app.wsgi_app = down  # type: ignore[method-assign]
    page.reload()
    page.get_by_role("heading", name="Opening", level=1).wait_for()
    live.app.wsgi_app = whole  # type: ignore[method-assign]


def test_the_time_goes_on_through_a_reload_and_can_be_paused(page: Page, room_url: str) -> None:
    page.clock.install(time="2026-12-01T09:00:00")
    begin(page, room_url)
    step(page, "Question 1 of 5")
    time = page.get_by_role("group", name="Time")
    time.get_by_role("button", name="Start").click()
    page.clock.fast_forward("02:00")
    page.reload()
    page.clock.fast_forward("03:00")
    time.get_by_text("5:0").wait_for()
    time.get_by_role("button", name="Pause").click()
    page.clock.fast_forward("30:00")
    page.reload()

    assert time.locator(".now").inner_text().startswith("5:0")
    time.get_by_role("button", name="Go on").click()
    page.clock.fast_forward("03:00")
    page.get_by_role("status").get_by_text("minutes are over").wait_for()
    assert "over" in time.locator(".plan").inner_text()


def test_one_time_runs_and_next_starts_that_of_the_next_question(page: Page, room_url: str) -> None:
    begin(page, room_url)
    step(page, "Question 1 of 5")
    page.keyboard.press("t")
    page.keyboard.press("ArrowRight")
    page.get_by_text("Question 2 of 5").wait_for()
    saved(page)
    running = [answer["timer"]["started"] is not None for answer in session(page)["answers"]]
    assert running == [False, True, False, False, False]
    step(page, "Closing")
    page.get_by_text("Question 2 is running").wait_for()


def test_several_candidates_are_kept_apart_and_forgotten_one_by_one(page: Page, room_url: str) -> None:
    for candidate in ("first", "second"):
        begin(page, room_url, candidate)
        step(page, "Question 1 of 5")
        notes(page).fill(f"of the {candidate}")
        page.get_by_role("button", name="All candidates").click()
    page.get_by_role("listitem").filter(has_text="first").get_by_role("button", name="Continue").click()
    assert notes(page).input_value() == "of the first"
    page.get_by_role("button", name="All candidates").click()

    page.get_by_role("listitem").filter(has_text="first").get_by_role("button", name="Forget").click()
    page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    assert page.get_by_role("listitem").count() == 2
    page.get_by_role("listitem").filter(has_text="first").get_by_role("button", name="Forget").click()
    page.get_by_role("dialog").get_by_role("button", name="Forget").click()
    page.get_by_role("status").get_by_text("“first” is forgotten").wait_for()
    assert page.get_by_role("listitem").count() == 1
    assert len(kept(page)) == 2, "a session and its questions"


def test_everything_can_be_forgotten(page: Page, room_url: str) -> None:
    begin(page, room_url)
    kept_for_offline(page)
    page.get_by_role("button", name="All candidates").click()
    page.get_by_role("button", name="Forget everything").click()
    page.get_by_role("dialog").get_by_role("button", name="Forget everything").click()
    page.get_by_role("status").get_by_text("forgotten on this device").wait_for()

    assert kept(page) == []
    assert page.evaluate("caches.keys()") == []


def test_a_full_storage_is_told_and_nothing_is_lost_meanwhile(page: Page, room_url: str) -> None:
    begin(page, room_url)
    step(page, "Question 1 of 5")
    fill_the_storage(page)
    notes(page).fill("before")
    page.get_by_role("alert").get_by_text("Not saved").wait_for()
    page.evaluate("() => { Storage.prototype.setItem = window.setItem; }")
    notes(page).fill("before and after")
    saved(page)
    assert session(page)["answers"][0]["notes"] == "before and after"


def test_going_back_and_leaving_lose_nothing_that_could_not_be_saved(page: Page, room_url: str) -> None:
    begin(page, room_url)
    step(page, "Question 1 of 5")
    fill_the_storage(page)
    notes(page).fill("only here")
    page.get_by_role("alert").get_by_text("Not saved").wait_for()
    page.go_back()
    page.get_by_role("heading", name="Opening", level=1).wait_for()
    page.get_by_role("alert").get_by_text("Not saved").wait_for()
    page.go_back()
    page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    page.get_by_role("button", name="All candidates").click()
    page.get_by_role("dialog").get_by_role("button", name="Keep it").click()

    step(page, "Question 1 of 5")
    assert notes(page).input_value() == "only here"
    page.get_by_role("alert").get_by_text("Not saved").wait_for()
    page.get_by_role("button", name="All candidates").click()
    page.get_by_role("dialog").get_by_role("button", name="Leave and lose it").click()
    page.get_by_role("button", name="Begin").wait_for()


def test_what_was_noted_outlives_the_interview(page: Page, room_url: str, live: Live, watch: Watch) -> None:
    watch.expect("status of 404", "answer 404")
    begin(page, room_url)
    kept_for_offline(page)
    fill_question(page, 1, ticks=(0,), value="3")
    saved(page)
    live.call("DELETE", f"/{live.interview_id}")
    page.reload()

    page.get_by_text("no longer on the server").wait_for()
    assert notes(page).input_value() == NOTES
    step(page, "Summary")
    assert NOTES in downloaded(page, "Table (CSV)")[1]
    page.get_by_role("button", name="Forget this candidate").click()
    page.get_by_role("dialog").get_by_role("button", name="Forget").click()
    page.get_by_text("no longer on the server").wait_for()
    assert page.get_by_role("button", name="Begin").count() == 0
    assert kept(page) == []


def test_it_works_where_nothing_can_be_stored_and_says_so(page: Page, room_url: str) -> None:
    page.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('no', 'SecurityError') }")
    begin(page, room_url)
    page.get_by_role("alert").get_by_text("Not saved").wait_for()
    fill_question(page, 1, ticks=(0,), value="2")
    step(page, "Summary")
    assert NOTES in downloaded(page, "Table (CSV)")[1]


# -------------------------------------------------------------------------------------- two tabs, two versions


def test_two_tabs_take_over_what_the_other_has_saved(page: Page, room_url: str) -> None:
    begin(page, room_url)
    step(page, "Question 1 of 5")
    saved(page)
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_text("Question 1 of 5").wait_for()
    criteria(other).nth(1).check()
    notes(other).fill("of the other tab")
    saved(other)

    page.get_by_role("status").get_by_text("Another tab").wait_for()
    assert notes(page).input_value() == "of the other tab"
    criteria(page).nth(3).check()
    saved(page)
    stored = session(page)["answers"][0]
    assert stored["notes"] == "of the other tab"
    assert [place for place, is_ticked in enumerate(stored["ticked"]) if is_ticked] == [1, 3]
    other.close()


@pytest.mark.parametrize("is_told", [True, False])
def test_notes_written_in_two_tabs_at_once_are_put_together(page: Page, room_url: str, is_told: bool) -> None:
    begin(page, room_url)
    step(page, "Question 1 of 5")
    notes(page).fill("Both know this.")
    saved(page)
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_text("Question 1 of 5").wait_for()
    if not is_told:
        page.evaluate("addEventListener('storage', event => event.stopImmediatePropagation(), true)")
    fill_the_storage(page)
    notes(page).fill("Both know this. Of the first")
    page.get_by_role("alert").get_by_text("Not saved").wait_for()
    notes(other).fill("Both know this. Of the second.")
    saved(other)
    if is_told:
        page.get_by_role("status").get_by_text("Another tab").wait_for()
    page.evaluate("() => { Storage.prototype.setItem = window.setItem; }")
    notes(page).press("Control+End")
    notes(page).press_sequentially(".")

    saved(page)
    together = "Both know this. Of the second. Of the first."
    assert notes(page).input_value() == session(page)["answers"][0]["notes"] == together
    other.close()


def test_a_candidate_forgotten_in_another_tab_does_not_come_back(page: Page, room_url: str) -> None:
    begin(page, room_url)
    saved(page)
    other = page.context.new_page()
    other.goto(room_url)
    other.get_by_role("button", name="Forget this candidate").click()
    other.get_by_role("dialog").get_by_role("button", name="Forget").click()

    page.get_by_role("status").get_by_text("forgotten in another tab").wait_for()
    page.reload()
    assert kept(page) == []
    other.close()


def test_a_session_keeps_the_questions_it_began_with(page: Page, room_url: str, live: Live) -> None:
    begin(page, room_url)
    step(page, "Question 1 of 5")
    before = page.locator(".room-spoken").inner_text()
    fill_question(page, 1, ticks=(0,), value="4")
    saved(page)
    live.call("PATCH", f"/{live.interview_id}/questions/1", {"question_text": "Something else altogether, why?"})
    page.reload()

    page.get_by_text("was changed on the server").wait_for()
    assert page.locator(".room-spoken").inner_text() == before
    assert rating(page, "4").is_checked()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert "Something else" not in page.locator("#room-filled").inner_text()
    page.emulate_media(media="screen")

    page.get_by_role("button", name="All candidates").click()
    begin(page, room_url, "another")
    step(page, "Question 1 of 5")
    page.get_by_text("Something else altogether, why?").first.wait_for()
    assert page.get_by_text("was changed on the server").count() == 0


# --------------------------------------------------------------------------------------------- nothing is sent


def test_nothing_about_a_candidate_is_sent(page: Page, room_url: str) -> None:
    requests: list[Request] = []
    page.context.on("request", lambda request: requests.append(request))
    begin(page, room_url)
    fill_question(page, 1, ticks=(0,), value="3")
    step(page, "Summary")
    page.get_by_label("Definitely yes").check()
    downloaded(page, "Greenhouse")
    page.reload()
    page.get_by_role("button", name="All candidates").click()
    kept_for_offline(page)

    assert {request.method for request in requests} == {"GET"}
    assert not [request.url for request in requests if "zibblewick" in request.url or request.post_data]
    assert "zibblewick" not in page.url
    assert "zibblewick" not in page.title()
    cached = page.evaluate(
        """async () => {
          const texts = [];
          for (const name of await caches.keys()) {
            const cache = await caches.open(name);
            for (const request of await cache.keys()) {
              texts.push(request.url, await (await cache.match(request)).text());
            }
          }
          return texts.join();
        }"""
    )
    assert "zibblewick" not in cached
    assert "/room" in cached


def test_no_other_page_is_kept(page: Page, room_url: str, live: Live) -> None:
    page.goto(room_url)
    kept_for_offline(page)
    page.goto(f"{live.url}/{live.interview_id}/sheet")
    page.goto(f"{live.url}/library")
    page.goto(room_url)
    addresses = page.evaluate("caches.open('techscreen-room-1').then(c => c.keys()).then(keys => keys.map(k => k.url))")
    assert [address for address in addresses if "/static/" not in address] == [room_url]


# ------------------------------------------------------------------------------------------- nothing is scored


def test_nothing_is_counted_or_suggested(page: Page, room_url: str) -> None:
    begin(page, room_url)
    step(page, "Question 1 of 5")
    before = page.locator("main").inner_text()
    for box in criteria(page).all():
        box.check()
    assert page.locator("main").inner_text() == before, "ticks change no word of the page"
    assert page.get_by_role("group", name="Rating").locator(":checked").count() == 0
    step(page, "Summary")
    assert page.get_by_text("not rated yet").count() == 5
    assert page.locator("main :checked").count() == 0


def test_a_rating_can_be_taken_back(page: Page, room_url: str) -> None:
    begin(page, room_url)
    step(page, "Question 1 of 5")
    rating(page, "2").check()
    page.get_by_role("button", name="Clear the rating").click()
    saved(page)
    assert session(page)["answers"][0]["rating"] is None
    assert not rating(page, "2").is_checked()
    page.get_by_label("Not asked").check()
    saved(page)
    assert session(page)["answers"][0]["rating"] == "not_asked"


# -------------------------------------------------------------------------------------------------- keys, sight


def test_it_can_be_done_by_keyboard_alone(page: Page, room_url: str) -> None:
    page.goto(room_url)
    page.get_by_label("Candidate reference").focus()
    page.keyboard.type("by keyboard")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Opening", level=1).wait_for()
    for key in ("ArrowRight", "1", "3", "Shift+Digit4", "n"):
        page.keyboard.press(key)
    page.keyboard.type("1 and 2: n, t, ?")
    page.keyboard.press("ArrowLeft")
    assert [box.is_checked() for box in criteria(page).all()][:3] == [True, False, True], "typing ticks nothing"
    assert notes(page).input_value() == "1 and 2: n, t, ?"
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    assert criteria(page).nth(1).is_checked()
    assert rating(page, "4").is_checked()
    page.keyboard.press("ArrowLeft")
    page.get_by_role("heading", name="Opening", level=1).wait_for()


def test_the_keys_are_shown_and_can_be_switched_off(page: Page, room_url: str) -> None:
    begin(page, room_url)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    dialog.get_by_label("Single keys work as shortcuts").uncheck()
    dialog.get_by_role("button", name="Close").click()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("?")
    assert page.get_by_role("dialog").count() == 0
    assert page.get_by_role("heading", name="Opening", level=1).is_visible()


def test_the_candidate_sees_the_question_without_what_is_listened_for(page: Page, room_url: str, live: Live) -> None:
    number = next(q["question_number"] for q in live.interview["questions"] if q["exhibit"])
    question = live.interview["questions"][number - 1]
    begin(page, room_url)
    step(page, f"Question {number} of 5")
    page.keyboard.press("e")
    shown = page.get_by_role("dialog", name="For the candidate")
    text = shown.inner_text()
    assert question["exhibit"]["text"].splitlines()[0].strip() in text
    for hidden in (question["criteria"][0]["criterion"], question["follow_ups"][0], question["rating_anchors"]["low"]):
        assert hidden not in text
    page.keyboard.press("Escape")
    assert page.get_by_role("dialog").count() == 0


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_every_step_is_for_everybody(
    room_url: str, page_as: Callable[..., Page], axe: Callable[[Page], list[str]], colours: str
) -> None:
    page = page_as("admin", "anna.admin", color_scheme=colours, viewport={"width": 320, "height": 640})
    page.goto(room_url)
    page.get_by_role("button", name="Begin").wait_for()
    assert axe(page) == []
    begin(page, room_url)
    for name in ("Opening", "Question 1 of 5", "Question 2 of 5", "Closing", "Summary"):
        step(page, name)
        assert axe(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
        small = page.evaluate(
            """[...document.querySelectorAll('.room button, .room label:has(input[type=radio], input[type=checkbox])')]
            .filter(e => e.offsetWidth && (e.offsetWidth < 44 || e.offsetHeight < 44)).map(e => e.textContent)"""
        )
        assert small == [], name
    page.get_by_role("button", name="Keys").click()
    assert axe(page) == []


@pytest.mark.parametrize("width", [320, 1280])
def test_the_sheet_is_for_everybody(
    live: Live, page_as: Callable[..., Page], axe: Callable[[Page], list[str]], width: int
) -> None:
    page = page_as("admin", "anna.admin", viewport={"width": width, "height": 800})
    page.goto(f"{live.url}/{live.interview_id}/sheet")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_a_script_it_says_what_to_do(no_script_page: Page, room_url: str) -> None:
    no_script_page.goto(room_url)
    told = no_script_page.locator("noscript p")
    assert told.is_visible()
    assert "needs JavaScript" in told.inner_text()
    told.locator("a").click()
    assert no_script_page.url.endswith("/sheet")


# ------------------------------------------------------------------------------------------- paper and files


def test_the_filled_sheet_is_printed(page: Page, room_url: str, tmp_path: Path) -> None:
    begin(page, room_url)
    fill_question(page, 2, ticks=(0, 2), value="3")
    step(page, "Summary")
    page.get_by_label("Definitely yes").check()
    saved(page)
    page.pdf(path=tmp_path / "filled.pdf", format="A4")
    filled = page.locator("#room-filled")
    ticked = filled.locator(".box", has_text="X")
    names = ticked.evaluate_all("boxes => [...new Set(boxes.map(box => box.dataset.box))]")
    assert names == ["criterion-2-1", "criterion-2-3", "rating-2-3", "recommendation-strong_yes"]
    assert filled.locator("[data-fill=candidate]").text_content() == CANDIDATE
    assert NOTES in str(filled.text_content())


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_the_browser_prints_no_cut_question_and_its_mark_on_every_page(
    page: Page, live: Live, tmp_path: Path, paper: str
) -> None:
    from tests.workbench.test_sheet import pages_of, words

    page.goto(f"{live.url}/{live.interview_id}/sheet")
    pages = pages_of(page.pdf(path=tmp_path / "sheet.pdf", format=paper))
    assert len(pages) == 8
    for number, text in enumerate(pages, start=1):
        assert words("REQ-20418 ·") in words(text)
        assert "DRAFT, not approved" in text
        assert f"{number}/8" in words(text)
    for number, question in enumerate(live.interview["questions"], start=1):
        assert words(question["topic"]) in words(pages[number])
        assert words(question["rating_anchors"]["high"])[:20] in words(pages[number])


def test_the_summary_shows_what_to_rate_by_and_what_to_do_at_the_end(page: Page, room_url: str) -> None:
    page.clock.install(time="2026-12-01T09:00:00")
    page.goto(room_url)
    assert page.get_by_label("Interviewer", exact=True).input_value() == "anna.admin"
    begin(page, room_url)
    assert page.get_by_label("From – to").input_value() == "10:00 –"
    fill_question(page, 2, ticks=(), value="3")
    page.clock.fast_forward("45:00")
    step(page, "Summary")

    page.get_by_text("Finished: print it or save the file").wait_for()
    assert page.locator(".room-noted:visible").all_inner_texts() == [f"Notes\n\n{NOTES}"]
    assert page.get_by_label("From – to").input_value() == "10:00 – 10:45"
    page.get_by_label("From – to").fill("10:05 – 10:40")
    step(page, "Closing")
    step(page, "Summary")
    assert page.get_by_label("From – to").input_value() == "10:05 – 10:40"


@pytest.fixture
def finished(page: Page, room_url: str) -> Page:
    """A room at its summary, with two questions rated."""
    begin(page, room_url)
    fill_question(page, 1, ticks=(0, 7), value="4", text='=cmd() said, "with quotes"\nand a second line')
    fill_question(page, 2, ticks=(), value="1", text="")
    step(page, "Summary")
    page.get_by_role("group", name="Recommendation").get_by_label("Yes", exact=True).check()
    page.get_by_label("Reasons, by the notes").fill("Strong in the first.")
    saved(page)
    return page


def test_the_file_for_greenhouse(finished: Page, live: Live) -> None:
    name, text = downloaded(finished, "Greenhouse")
    card = json.loads(text)
    topics = [question["topic"] for question in live.interview["questions"]]
    assert name == f"scorecard-REQ-20418-v1-{CANDIDATE}.greenhouse.json"
    assert card["overall_recommendation"] == "yes"
    assert [each["rating"] for each in card["attributes"]] == ["strong_yes", "definitely_not", *["no_decision"] * 3]
    assert card["attributes"][0] == {
        "name": topics[0],
        "type": "Skills",
        "rating": "strong_yes",
        "note": '=cmd() said, "with quotes"\nand a second line',
    }
    assert card["ratings"] == {
        "definitely_not": [topics[1]],
        "no": [],
        "mixed": [],
        "yes": [],
        "strong_yes": [topics[0]],
    }
    first = live.interview["questions"][0]
    answers = [each["answer"] for each in card["questions"]]
    ticked = ["Yes" if place in (0, 7) else None for place in range(len(first["criteria"]))]
    assert answers[: 3 + len(ticked)] == [
        "Strong in the first.",
        *ticked,
        f"High: {first['rating_anchors']['high']}",
        card["attributes"][0]["note"],
    ]
    assert card["techscreen"]["candidate"] == CANDIDATE


def test_the_file_for_lever(finished: Page, live: Live) -> None:
    form = json.loads(downloaded(finished, "Lever")[1])
    template = live.client.get(
        f"/api/interview/{live.interview_id}/export?format=lever",
        headers={"X-User-ID": "i", "X-User-Role": "interviewer"},
    ).json
    first = live.interview["questions"][0]
    told = [f"{each['criterion']}: {each['description']}" for each in first["criteria"]]
    fields = {each["text"]: each for each in form["fields"]}
    exported = [each["text"] for each in template["fields"]]
    assert [text for text in fields if text in exported] == exported
    assert fields[f"1. {first['topic']}"]["value"] == [told[0], told[7]]
    assert fields["1. What the answer sounded like"]["value"] == f"High: {first['rating_anchors']['high']}"
    assert fields["1. Rating 1 to 4"]["value"] == "4"
    assert fields["3. Rating 1 to 4"]["value"] is None
    assert fields["Recommendation"]["value"] == "3 - Hire"


def test_the_file_for_ashby(finished: Page) -> None:
    form = json.loads(downloaded(finished, "Ashby")[1])
    values = {each["path"]: each["value"] for each in form["feedbackForm"]["fieldSubmissions"]}
    assert values == {
        "question_1_criterion_1": True,
        "question_1_criterion_8": True,
        "question_1_rating": "high",
        "question_1_score": {"score": 4},
        "question_1_notes": {"type": "PlainText", "value": '=cmd() said, "with quotes"\nand a second line'},
        "question_2_rating": "low",
        "question_2_score": {"score": 1},
        "overall_recommendation": "3",
        "reasons": {"type": "PlainText", "value": "Strong in the first."},
    }
    paths = {field["field"]["path"] for section in form["formDefinition"]["sections"] for field in section["fields"]}
    assert values.keys() <= paths


def test_the_table_runs_no_formula(finished: Page, live: Live) -> None:
    name, text = downloaded(finished, "Table (CSV)")
    assert name.endswith(".csv")
    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    of_first = [row for row in rows if row["question_number"] == "1"]
    ticked = [place for place, row in enumerate(r for r in of_first if r["item"] == "criterion") if row["value"]]
    assert ticked == [0, 7]
    note = next(row["value"] for row in of_first if row["item"] == "notes")
    assert note == '\'=cmd() said, "with quotes"\nand a second line'
    assert {row["candidate"] for row in rows} == {CANDIDATE}
    assert next(row["value"] for row in rows if row["item"] == "recommendation") == "yes"
    assert len([row for row in rows if row["item"] == "rating"]) == len(live.interview["questions"])


def test_a_german_interview_has_a_german_room(page: Page, live: Live) -> None:
    exported = live.call("GET", f"/{live.interview_id}/export?format=json")
    interview = live.call("POST", "/import", {"interview": {**exported, "language": "de-AT"}})["interview"]
    page.goto(f"{live.url}/{interview['id']}/room")
    kept_for_offline(page)
    assert page.locator("html").get_attribute("lang") == "de-AT"
    page.get_by_role("button", name="Beginnen").wait_for()
    page.get_by_text("An den Server wird nichts geschickt").wait_for()

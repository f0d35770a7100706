"""The whole life of a requisition, as people live it: once with a mouse, and once with nothing but a keyboard."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.support.served_pages import Live
from tests.support.workflows import Gate, a_question
from tests.workbench.conftest import PageAs

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

QUESTION = "How would you find out why one payout was sent twice?"
# More stops than any page has.
MOST_STOPS = 400
# Whether the focus is where it should be and, if it is on the way, what does not show that it has it. The parts of a
# date show it themselves; headings and the page as a whole have it only until the next press of a key.
LOOK = """goal => {
  const stop = document.activeElement;
  if (stop === goal || stop.tabIndex < 0 || stop.type === "date") return [stop === goal, null];
  const isMarked = (element) => {
    const look = element && getComputedStyle(element);
    return look && ((look.outlineStyle !== "none" && parseFloat(look.outlineWidth) > 0) || look.boxShadow !== "none");
  };
  const box = stop.getBoundingClientRect();
  const isSeen = (isMarked(stop) || isMarked(stop.closest("label"))) && box.bottom > 0 && box.top < innerHeight;
  return [false, isSeen ? null : stop.outerHTML.slice(0, 150)];
}"""


def test_with_a_mouse(live: Live, page_as: PageAs) -> None:
    from playwright.sync_api import expect

    gate = Gate()
    live.fake.when(a_question, gate.reply(), times=1)
    page = page_as(None)
    tabs = page.get_by_role("navigation", name="This interview")
    message = page.locator("#messages")

    # Signing in leads to where one wanted to be: the list, which is empty.
    page.goto(live.api)
    page.get_by_label("Your name").fill("anna.admin")
    page.get_by_role("radio", name="admin").check()
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="No requisitions yet")).to_be_visible()

    # A sample fills the form; it is sent, and followed.
    page.get_by_role("link", name="Senior backend engineer").click()
    expect(page.get_by_label("Requisition id")).to_have_value("REQ-20418")
    page.get_by_role("button", name="Enhance and generate the interview").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("REQ-20418")
    expect(page.get_by_role("progressbar", name="Questions that are ready")).to_have_attribute("value", "4")
    gate.open()
    page.wait_for_url(re.compile(r"/interviews/\d+$"))

    # A draft; what is changed is saved by itself, and can be undone and done again.
    first = page.get_by_role("article", name=re.compile("^Question 1"))
    text = first.get_by_label("The question, as it is said aloud")
    before = text.input_value()
    text.fill(QUESTION)
    first.get_by_label("Minutes").click()
    expect(page.get_by_role("status").get_by_text("Saved")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(text).to_have_value(before)
    page.get_by_role("button", name="Redo").click()
    expect(text).to_have_value(QUESTION)
    first.get_by_role("button", name="Move question 1 down").click()
    second = page.get_by_role("article", name=re.compile("^Question 2"))
    expect(second.get_by_label("The question, as it is said aloud")).to_have_value(QUESTION)

    # A review is asked for, and it is published.
    tabs.get_by_role("link", name="Review and publish").click()
    page.get_by_label("Whom").fill("hanna.hiring")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(message).to_contain_text("A review was asked for.")
    page.get_by_role("button", name="Approve and publish").click()
    expect(message).to_contain_text("Version 1 is published, approved by anna.admin.")

    # The sheet, and the room, in which nothing is sent anywhere.
    tabs.get_by_role("link", name="Sheet").click()
    expect(page.get_by_role("main")).to_contain_text(QUESTION)
    expect(page.get_by_role("link", name="PDF, A4")).to_be_visible()
    page.get_by_role("link", name="In the room").click()
    page.get_by_label("Candidate reference").fill("C-17")
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("button", name=re.compile("^Question 2 of 5")).click()
    expect(page.get_by_role("main")).to_contain_text(QUESTION)
    page.get_by_role("group", name=re.compile("^Criteria")).get_by_role("checkbox").first.check()
    page.get_by_role("group", name=re.compile("^Rating")).get_by_role("radio", name="3", exact=True).check()
    page.get_by_label("Notes").fill("Asked for the logs first.")
    page.reload()
    expect(page.get_by_label("Notes")).to_have_value("Asked for the logs first.")

    # The next version; publishing it puts it in the place of the first, which is archived.
    page.goto("/interviews/")
    page.get_by_role("link", name="Senior Backend (Payments)").click()
    tabs.get_by_role("link", name="Review and publish").click()
    page.get_by_role("button", name="Begin the next version").click()
    expect(page.get_by_text("Version 2", exact=True)).to_be_visible()
    first.get_by_label("Minutes").fill("9")
    text.click()
    expect(page.get_by_role("status").get_by_text("Saved")).to_be_visible()
    tabs.get_by_role("link", name="Review and publish").click()
    page.get_by_role("button", name="Approve and publish").click()
    expect(message).to_contain_text("Version 2 is published")
    page.get_by_role("link", name=re.compile("^Archive this version")).click()
    page.get_by_label("Why").fill("The post is filled.")
    page.get_by_role("button", name="Archive it").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("archived")

    states = {each["version"]: each["status"] for each in live.call("GET", "/req/REQ-20418")["interviews"]}
    assert states == {1: "archived", 2: "archived"}


class Keyboard:
    """Somebody who has no mouse. Every stop on the way must show that it has the focus."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.unseen: set[str] = set()

    def go_to(self, target: Locator) -> None:
        """Tab until the focus is there."""
        from playwright.sync_api import expect

        expect(target).to_be_visible()
        goal = target.element_handle()
        for _ in range(MOST_STOPS):
            is_there, unseen = self._page.evaluate(LOOK, goal)
            if unseen:
                self.unseen.add(f"{self._page.url}: {unseen}")
            if is_there:
                return
            self._page.keyboard.press("Tab")
        raise AssertionError(f"{target} is not reached with the Tab key on {self._page.url}")

    def press(self, target: Locator, key: str = "Enter") -> None:
        self.go_to(target)
        self._page.keyboard.press(key)

    def write(self, target: Locator, text: str) -> None:
        """Type into a field, in place of what is there."""
        self.go_to(target)
        self._page.keyboard.press("ControlOrMeta+a")
        self._page.keyboard.insert_text(text)


def test_with_a_keyboard_alone(live_library: Live, page_as: PageAs) -> None:
    from playwright.sync_api import expect

    page = page_as(None)
    keyboard = Keyboard(page)
    tabs = page.get_by_role("navigation", name="This interview")
    message = page.locator("#messages")

    page.goto(live_library.api)
    keyboard.write(page.get_by_label("Your name"), "anna.admin")
    page.keyboard.press("Enter")
    keyboard.press(page.get_by_role("link", name="Senior backend engineer"))
    keyboard.write(page.get_by_label("Name of the interview"), "Panel")
    keyboard.press(page.get_by_role("button", name="Enhance and generate the interview"), "Space")
    page.wait_for_url(re.compile(r"/interviews/\d+$"))

    # The link at the top of each page leads past the navigation.
    keyboard.press(page.get_by_role("link", name="Skip to the content"))
    first = page.get_by_role("article", name=re.compile("^Question 1"))
    keyboard.write(first.get_by_label("The question, as it is said aloud"), QUESTION)
    page.keyboard.press("Tab")
    expect(page.get_by_role("status").get_by_text("Saved")).to_be_visible()
    keyboard.press(page.get_by_role("button", name="Move question 1 down"), "Space")
    second = page.get_by_role("article", name=re.compile("^Question 2"))
    expect(second.get_by_label("The question, as it is said aloud")).to_have_value(QUESTION)

    page.reload()
    keyboard.press(tabs.get_by_role("link", name="Review and publish"))
    keyboard.press(page.get_by_role("button", name="Approve and publish"), "Space")
    expect(message).to_contain_text("Version 1 is published, approved by anna.admin.")

    keyboard.press(tabs.get_by_role("link", name="Sheet"))
    keyboard.press(page.get_by_role("link", name="In the room"))
    keyboard.write(page.get_by_label("Candidate reference"), "C-17")
    keyboard.press(page.get_by_role("button", name="Begin"))
    keyboard.press(page.get_by_role("button", name="Next"))
    keyboard.press(page.get_by_role("group", name=re.compile("^Criteria")).get_by_role("checkbox").first, "Space")
    rating = page.get_by_role("group", name=re.compile("^Rating"))
    keyboard.press(rating.get_by_role("radio", name="1", exact=True), "ArrowDown")
    expect(rating.get_by_role("radio", name="2", exact=True)).to_be_checked()
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(1)

    page.goto("/interviews/")
    keyboard.press(page.get_by_role("link", name="Panel"))
    keyboard.press(tabs.get_by_role("link", name="Review and publish"))
    keyboard.press(page.get_by_role("button", name="Begin the next version"))
    expect(message).to_contain_text("This is version 2")
    keyboard.press(tabs.get_by_role("link", name="Review and publish"))
    keyboard.press(page.get_by_role("link", name=re.compile("^Archive this version")))
    keyboard.press(page.get_by_role("button", name="Archive it"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("archived")
    assert not keyboard.unseen, "\n".join(["The focus is not seen:", *sorted(keyboard.unseen)])

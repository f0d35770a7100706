"""Editing in real browsers: what is typed is saved by itself, is lost by nothing, and overwrites nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.browser import Watch
from tests.support.served_pages import Live
from tests.workbench.conftest import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    PageAs = Callable[..., Page]


class Editor:
    """Somebody at the page of an interview."""

    def __init__(self, page: Page, live: Live) -> None:
        self.page = page
        self.live = live
        self.open()

    def open(self) -> None:
        self.page.goto(f"{self.live.url}/{self.live.interview_id}")

    def question(self, number: int) -> Locator:
        return self.page.locator("article.question").nth(number - 1)

    def field(self, number: int, name: str, place: int = 0) -> Locator:
        return self.question(number).locator(f"[name={name}]").nth(place)

    def type(self, number: int, name: str, words: str, place: int = 0) -> None:
        """Add words at the end of a field."""
        field = self.field(number, name, place)
        field.focus()
        field.evaluate("field => field.setSelectionRange(field.value.length, field.value.length)")
        self.page.keyboard.type(words)

    def is_saved(self) -> None:
        from playwright.sync_api import expect

        expect(self.page.locator("#save-state")).to_have_text("Saved")

    def is_not_saved(self, why: str) -> None:
        from playwright.sync_api import expect

        expect(self.page.locator("#save-state")).to_contain_text(f"Not saved: {why}")

    def says(self, words: str) -> None:
        from playwright.sync_api import expect

        expect(self.page.locator("#messages")).to_contain_text(words)

    def look(self) -> None:
        """Come back to the window, which looks for what others have done."""
        with self.page.expect_response(lambda answer: "/now" in answer.url):
            self.page.evaluate("window.dispatchEvent(new Event('focus'))")


@pytest.fixture
def anna(page: Page, live: Live) -> Editor:
    return Editor(page, live)


@pytest.fixture
def hanna(page_as: PageAs, live: Live) -> Editor:
    return Editor(page_as("hiring_manager", "hanna.hiring"), live)


def stored(live: Live) -> list[dict[str, Any]]:
    return list(live.call("GET", f"/{live.interview_id}")["interview"]["questions"])


def test_what_is_typed_is_saved_by_itself_also_if_the_page_is_loaded_again_at_once(anna: Editor, live: Live) -> None:
    from playwright.sync_api import expect

    anna.type(1, "spoken_text", " Take your time.")
    anna.is_saved()
    assert stored(live)[0]["spoken_text"].endswith(" Take your time.")
    expect(anna.page.locator("#undo-what")).to_have_text("Question 1: text changed")

    anna.type(2, "high", " And why.")
    anna.page.reload()
    expect(anna.field(2, "high")).to_have_value(
        stored(live)[1]["rating_anchors"]["high"].removesuffix(" And why.") + " And why."
    )
    anna.page.wait_for_function("() => !document.getElementById('save-state').textContent.includes('…')")
    anna.open()
    assert anna.field(2, "high").input_value().endswith(" And why.")
    assert stored(live)[1]["rating_anchors"]["high"].endswith(" And why.")
    assert anna.page.evaluate("Object.keys(localStorage).filter(key => key.includes('interview')).length") == 0


def test_rows_are_added_moved_and_removed_with_the_keyboard_alone(anna: Editor, live: Live) -> None:
    from playwright.sync_api import expect

    before = stored(live)[0]["criteria"]
    keyboard = anna.page.keyboard
    anna.field(1, "description").focus()
    keyboard.press("Enter")
    keyboard.type("Asks first")
    keyboard.press("Enter")
    keyboard.type("Asks what was tried.")
    keyboard.press("Alt+ArrowUp")
    anna.is_saved()
    labels = [criterion["criterion"] for criterion in stored(live)[0]["criteria"]]
    assert labels[:2] == ["Asks first", before[0]["criterion"]]
    expect(anna.field(1, "description")).to_be_focused()
    expect(anna.field(1, "description")).to_have_attribute("aria-label", "Description of criterion 1")

    keyboard.press("Tab")
    keyboard.press("Enter")
    for _ in range(3):
        keyboard.press("Tab")
    keyboard.press("Enter")
    expect(anna.question(1).locator("[data-count=criteria]")).to_have_text(str(len(before)))
    anna.is_saved()
    assert stored(live)[0]["criteria"] == before


def test_questions_are_moved_by_keyboard_and_by_mouse_and_it_is_taken_back(anna: Editor, live: Live) -> None:
    from playwright.sync_api import expect

    order = [question["lineage"] for question in stored(live)]
    down = anna.question(1).get_by_role("button", name="Move question 1 down")
    down.focus()
    anna.page.keyboard.press("Enter")
    anna.says("It is now question 2 of 5.")
    expect(anna.page.locator(f"#down-{order[0]}")).to_be_focused()
    anna.page.keyboard.press("Enter")
    anna.says("It is now question 3 of 5.")
    assert [question["lineage"] for question in stored(live)][:3] == [order[1], order[2], order[0]]

    handle = anna.question(3).locator(".question-head [data-handle]")
    handle.scroll_into_view_if_needed()
    place = handle.bounding_box()
    assert place is not None
    mouse = anna.page.mouse
    mouse.move(place["x"] + 5, place["y"] + 5)
    mouse.down()
    mouse.move(place["x"] + 5, 5, steps=30)
    mouse.move(place["x"] + 5, 0, steps=10)
    mouse.up()
    anna.says("It is now question 1 of 5.")
    assert [question["lineage"] for question in stored(live)] == order

    undo = anna.page.get_by_role("button", name="Undo")
    for _ in range(3):
        undo.click()
        expect(anna.page.locator("#messages")).to_contain_text("Taken back")
        anna.page.evaluate("document.getElementById('messages').replaceChildren()")
    assert [question["lineage"] for question in stored(live)] == order
    expect(undo).to_be_disabled()
    anna.page.get_by_role("button", name="Redo").click()
    anna.says("Made again")
    assert [question["lineage"] for question in stored(live)][1] == order[0]


def test_two_people_at_different_texts_disturb_each_other_in_nothing(anna: Editor, hanna: Editor, live: Live) -> None:
    from playwright.sync_api import expect

    hanna.type(1, "low", " Hanna.")
    hanna.type(2, "topic", " Hanna")
    hanna.is_saved()
    anna.type(1, "description", " Anna.", 1)
    anna.is_saved()
    expect(anna.field(1, "low")).to_have_value(stored(live)[0]["rating_anchors"]["low"])
    expect(anna.field(2, "topic")).to_have_value(stored(live)[1]["topic"])
    expect(anna.page.locator("#meanwhile")).to_contain_text("hanna.hiring changed something meanwhile: Question 1:")
    expect(anna.field(1, "description", 1)).to_be_focused()

    hanna.type(1, "description", " Hanna.", 3)
    hanna.is_saved()
    descriptions = [criterion["description"] for criterion in stored(live)[0]["criteria"]]
    assert (descriptions[1][-6:], descriptions[3][-7:]) == (" Anna.", " Hanna.")
    assert hanna.field(1, "description", 1).input_value() == descriptions[1]

    # Somebody who is typing elsewhere is told of it, and stays where they are.
    anna.page.keyboard.type(" More")
    hanna.question(5).get_by_role("button", name="Move question 5 up").click()
    hanna.says("It is now question 4")
    anna.look()
    expect(anna.question(4).locator("[data-topic]")).to_have_text(stored(live)[3]["topic"])
    expect(anna.field(1, "description", 1)).to_be_focused()
    anna.is_saved()


def test_two_people_at_the_same_text_see_the_difference_and_decide(
    anna: Editor, hanna: Editor, live: Live, watch: Watch, axe: Axe
) -> None:
    from playwright.sync_api import expect

    watch.expect("status of 412")
    was = stored(live)[0]["spoken_text"]
    hanna.type(1, "spoken_text", " Says Hanna.")
    hanna.is_saved()
    anna.type(1, "spoken_text", " Says Anna.")
    anna.is_not_saved("somebody else changed the same text. See question 1.")
    conflict = anna.page.get_by_role("region", name="hanna.hiring changed this question too")
    expect(conflict.locator("ins")).to_contain_text("Hanna")
    assert not axe(anna.page)
    assert stored(live)[0]["spoken_text"] == was + " Says Hanna."
    assert anna.field(1, "spoken_text").input_value() == was + " Says Anna."

    anna.type(1, "mid", " Also Anna.")  # what nobody else has touched is saved all the same
    expect(conflict).to_be_visible()
    anna.page.wait_for_timeout(50)
    anna.page.get_by_role("button", name="Save mine on top").click()
    anna.is_saved()
    expect(conflict).to_have_count(0)
    assert stored(live)[0]["spoken_text"] == was + " Says Anna."
    assert stored(live)[0]["rating_anchors"]["mid"].endswith(" Also Anna.")

    hanna.type(1, "spoken_text", " Again.")
    hanna.is_not_saved("somebody else")
    hanna.page.get_by_role("link", name="Take theirs").click()
    hanna.is_saved()
    assert hanna.field(1, "spoken_text").input_value() == was + " Says Anna."
    hanna.page.get_by_role("button", name="Put mine back").click()
    hanna.is_saved()
    assert stored(live)[0]["spoken_text"] == was + " Says Hanna. Again."


def test_a_question_that_is_taken_out_while_somebody_types_can_come_back(
    anna: Editor, hanna: Editor, live: Live, watch: Watch
) -> None:
    from playwright.sync_api import expect

    watch.expect("status of 410")
    menu = hanna.question(5).locator(".tools details.menu").first
    menu.locator("summary").first.click()
    menu.get_by_text("Remove…").click()
    menu.get_by_role("button", name="Remove question 5").click()
    hanna.says("“Undo” brings it back")
    expect(hanna.page.locator("article.question")).to_have_count(4)
    expect(hanna.page.get_by_role("button", name="Undo")).to_be_focused()

    anna.type(5, "spoken_text", " Mine.")
    anna.is_not_saved("somebody took the question out.")
    anna.page.get_by_role("button", name="Add it as a question of your own").click()
    anna.says("Question 5 was added.")
    assert stored(live)[4]["spoken_text"].endswith(" Mine.")
    expect(anna.page.locator("article.question")).to_have_count(5)


def test_a_network_that_is_away_costs_no_word(anna: Editor, live: Live, watch: Watch, page: Page) -> None:
    from playwright.sync_api import expect

    watch.expect("ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    anna.type(3, "spoken_text", " Typed in a tunnel.")
    anna.is_not_saved("the service cannot be reached.")
    anna.question(3).get_by_role("button", name="Move question 3 up").click()
    anna.says("The service cannot be reached, so nothing was changed.")
    page.context.set_offline(False)
    anna.page.evaluate("window.dispatchEvent(new Event('online'))")
    anna.is_saved()
    assert any(question["spoken_text"].endswith(" Typed in a tunnel.") for question in stored(live))

    # Closed before it could be saved, and opened much later: it is offered.
    page.context.set_offline(True)
    anna.type(1, "low", " Kept.")
    anna.is_not_saved("the service cannot be reached.")
    page.evaluate(
        """() => { for (const key of Object.keys(localStorage).filter(key => key.startsWith('techscreen interview'))) {
          localStorage.setItem(key, JSON.stringify({...JSON.parse(localStorage[key]), at: 1}));
        } }"""
    )
    state = page.context.storage_state()
    page.close()
    again = page.context.browser.new_context(base_url=live.api, storage_state=state)  # type: ignore[union-attr]
    try:
        later = Editor(again.new_page(), live)
        expect(later.page.get_by_text("was not saved.")).to_be_visible()
        later.page.get_by_role("button", name="Put it back").click()
        later.is_saved()
        assert stored(live)[0]["rating_anchors"]["low"].endswith(" Kept.")
    finally:
        again.close()


def test_a_session_that_is_over_goes_on_after_signing_in_elsewhere(anna: Editor, live: Live, watch: Watch) -> None:
    from playwright.sync_api import expect

    watch.expect("status of 401")
    context = anna.page.context
    context.clear_cookies()
    anna.type(2, "spoken_text", " Still here.")
    anna.is_not_saved("your session has ended.")
    expect(anna.page.get_by_role("link", name="sign in in another tab")).to_be_visible()
    other = context.new_page()
    other.goto("/interviews/sign-in")
    other.get_by_label("Your name").fill("anna.admin")
    other.get_by_role("button", name="Sign in").click()
    other.wait_for_url("**/interviews/")
    other.close()
    anna.page.evaluate("window.dispatchEvent(new Event('focus'))")
    anna.is_saved()
    assert stored(live)[1]["spoken_text"].endswith(" Still here.")
    expect(anna.page.locator("#messages")).to_be_empty()


def test_what_cannot_be_saved_is_said_beside_its_field(anna: Editor, live: Live, watch: Watch) -> None:
    from playwright.sync_api import expect

    watch.expect("status of 400")
    text = anna.field(1, "spoken_text")
    before = text.input_value()
    text.fill("")
    anna.is_not_saved("something in it cannot stay so. See question 1.")
    expect(anna.question(1).locator(".problem")).to_have_text("The question must not be blank.")
    expect(text).to_have_attribute("aria-invalid", "true")
    text.fill(before)
    anna.is_saved()
    expect(anna.question(1).locator(".problem")).to_have_count(0)

    text.fill("A relay stops. How old are you?")
    anna.is_saved()
    finding = anna.question(1).locator(".finding", has_text="About the person")
    expect(anna.question(1).locator(".mirror mark")).to_have_text("How old are you?")
    finding.get_by_text("Why it may stay").click()
    finding.get_by_label("Your reason").fill("It is a role play.")
    anna.type(1, "spoken_text", " Now?")  # another text has another finding, with what was written about the former
    anna.is_saved()
    expect(finding.get_by_label("Your reason")).to_have_value("It is a role play.")
    finding.get_by_role("button", name="It may stay").click()
    anna.says("your reason is kept")
    expect(finding).to_contain_text("May stay: “It is a role play.”")


def test_an_alternative_is_taken_in_place(page: Page, live_library: Live, axe: Axe) -> None:
    from playwright.sync_api import expect

    anna = Editor(page, live_library)
    former = stored(live_library)[2]
    anna.type(1, "high", " Before.")
    anna.question(3).get_by_role("link", name="Replace…").click()
    expect(page.get_by_role("heading", name="Replace question 3")).to_be_focused()
    anna.question(3).get_by_label("Another topic").check()
    anna.question(3).get_by_role("button", name="Look for alternatives").click()
    expect(anna.question(3).get_by_text("2 alternatives were found")).to_be_visible()
    assert not axe(page)
    anna.question(3).get_by_role("button", name="Take this one").first.click()
    anna.says("Question 3 was replaced.")
    now = stored(live_library)
    assert now[2]["lineage"] != former["lineage"]
    assert now[0]["rating_anchors"]["high"].endswith(" Before.")
    expect(anna.field(3, "spoken_text")).to_have_value(now[2]["spoken_text"])
    expect(anna.question(3).get_by_role("heading", name="Question 3")).to_be_focused()
    page.get_by_role("button", name="Undo").click()
    expect(anna.field(3, "spoken_text")).to_have_value(former["spoken_text"])


def test_criteria_of_claude_are_added_in_place(anna: Editor, live: Live) -> None:
    from playwright.sync_api import expect

    count = len(stored(live)[3]["criteria"])
    anna.question(4).get_by_role("link", name="Suggest criteria…").click()
    anna.question(4).get_by_role("button", name="Suggest criteria").click()
    expect(anna.question(4).get_by_text("criteria were suggested")).to_be_visible()
    anna.question(4).locator(".suggested").get_by_role("button").first.click()
    anna.says("The criterion was added at the end.")
    expect(anna.question(4).locator("[data-count=criteria]")).to_have_text(str(count + 1))
    assert len(stored(live)[3]["criteria"]) == count + 1


def test_a_draft_that_is_published_elsewhere_is_shown_as_such(anna: Editor, live: Live, watch: Watch) -> None:
    from playwright.sync_api import expect

    watch.expect("status of 409")
    live.call("POST", f"/{live.interview_id}/publish", {})
    anna.type(1, "high", " Too late.")
    anna.is_not_saved("it cannot be changed any more.")
    anna.says("It is no draft any more")
    assert anna.field(1, "high").input_value().endswith(" Too late.")
    anna.open()
    expect(anna.page.get_by_text("It is published, so it never changes.")).to_be_visible()
    assert "Too late" not in str(stored(live))


def test_all_can_be_read_and_saved_without_a_script(no_script_page: Page, live: Live) -> None:
    no_script_page.goto(f"{live.url}/{live.interview_id}")
    first = no_script_page.locator("article.question").first
    first.locator("[name=spoken_text]").fill("What is\nslow?")
    first.get_by_role("button", name="Save question 1").click()
    assert no_script_page.get_by_text("Question 1 is saved.").is_visible()
    assert stored(live)[0]["spoken_text"] == "What is\nslow?"
    no_script_page.emulate_media(media="print")
    assert first.locator(".mirror", has_text="What is slow?").is_visible()
    assert not first.locator("[name=spoken_text]").is_visible()
    no_script_page.emulate_media(media="screen")
    no_script_page.get_by_role("button", name="Undo").click()
    assert stored(live)[0]["spoken_text"] != "What is\nslow?"


def test_who_gives_in_by_hand_sees_what_is_stored(anna: Editor, hanna: Editor, live: Live, watch: Watch) -> None:
    from playwright.sync_api import expect

    watch.expect("status of 412")
    text = anna.field(1, "spoken_text")
    was = text.input_value()
    hanna.type(1, "spoken_text", " Says Hanna.")
    hanna.is_saved()
    anna.type(1, "spoken_text", " Says Anna.")
    anna.is_not_saved("somebody else")
    text.fill(was)
    expect(text).to_have_value(was + " Says Hanna.")
    expect(anna.page.get_by_role("button", name="Save mine on top")).to_have_count(0)
    assert stored(live)[0]["spoken_text"] == was + " Says Hanna."


def test_what_is_on_offer_stays_until_somebody_decides(anna: Editor, live: Live) -> None:
    from playwright.sync_api import expect

    first = stored(live)[0]
    keep(anna, first["lineage"], high=first["rating_anchors"]["high"] + " Kept.")
    anna.open()
    state = anna.page.locator("#save-state")
    for words in (" One.", " Two."):
        expect(anna.page.get_by_role("button", name="Put it back")).to_have_count(1)
        expect(state).to_have_text("Not all is saved. See question 1.")
        anna.type(1, "low", words)
        expect(anna.page.locator("#undo-what")).to_contain_text("Question 1")
        expect(state).to_have_text("Not all is saved. See question 1.")
        assert stored(live)[0]["rating_anchors"]["low"].endswith(words)
        anna.page.reload()
    anna.page.get_by_role("button", name="Put it back").click()
    anna.is_saved()
    assert stored(live)[0]["rating_anchors"]["high"].endswith(" Kept.")
    anna.page.reload()
    expect(state).to_have_text("All is saved")


def test_what_was_typed_into_a_question_that_is_gone_is_shown(anna: Editor, live: Live) -> None:
    from playwright.sync_api import expect

    fifth = stored(live)[4]
    live.call("DELETE", f"/{live.interview_id}/questions/5")
    keep(
        anna,
        fifth["lineage"],
        spoken_text="What would you keep?",
        criteria=[{"criterion": "Asks", "description": "why"}],
    )
    anna.open()
    kept = anna.page.locator(".kept")
    expect(kept).to_contain_text("What would you keep?")
    expect(anna.page.locator("#save-state")).to_have_text("Not all is saved. See the box above the questions.")
    anna.page.get_by_role("button", name="Add it as a question of your own").click()
    anna.says("Question 5 was added.")
    expect(kept).to_have_count(0)
    assert stored(live)[4]["spoken_text"] == "What would you keep?"


def test_what_was_typed_before_it_was_published_is_shown(anna: Editor, live: Live) -> None:
    from playwright.sync_api import expect

    kept = anna.page.locator(".kept")
    first = stored(live)[0]
    keep(anna, first["lineage"], low="Too late.", high=first["rating_anchors"]["high"])
    live.call("POST", f"/{live.interview_id}/publish", {})
    for _ in range(2):
        anna.open()
        expect(kept.locator("dd")).to_have_text("Too late.")  # and not what was saved
    anna.page.get_by_role("button", name="Forget it").click()
    anna.open()
    expect(anna.page.get_by_text("It is published, so it never changes.")).to_be_visible()
    expect(kept).to_have_count(0)


def test_a_double_click_on_undo_takes_one_step_back(anna: Editor, live: Live) -> None:
    for number in (1, 2):
        live.call("PATCH", f"/{live.interview_id}/questions/{number}", {"minutes": 3})
    anna.open()
    anna.page.get_by_role("button", name="Undo").dblclick()
    anna.says("Taken back: Question 2: minutes changed.")
    anna.page.wait_for_timeout(300)
    assert stored(live)[0]["minutes"] == 3


def keep(editor: Editor, lineage: str, **typed: Any) -> None:
    """What the browser keeps of what was typed into a question yesterday and not saved."""
    now = next((question for question in stored(editor.live) if question["lineage"] == lineage), {})
    texts = {**now, **now.get("rating_anchors", {})}
    was = {name: texts.get(name, "") for name in typed}
    name = f"techscreen interview {editor.live.interview_id} anna.admin {lineage}"
    value = {"was": was, "now": typed, "at": 1_700_000_000_000}
    editor.page.evaluate("([name, value]) => localStorage.setItem(name, JSON.stringify(value))", [name, value])

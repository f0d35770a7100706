"""What has been learnt in some languages says nothing about the others: good questions in these pass."""

from __future__ import annotations

import json

from prompts import Criterion, InterviewQuestion, RatingAnchors
from techscreen.checks.answers import question_violations
from techscreen.checks.models import EXAMPLES
from techscreen.checks.questions import question_findings
from techscreen.checks.texts import LANGUAGES, LEARNT_IN
from tests.support.tables import table

GOOD = {
    "fi": "Maksupalvelu kadottaa yhden tilauksen tuhannesta, mutta vain yöllä, kun tuonti on käynnissä. Miten löydät "
    "syyn ja mitä tarkistat ensin?",
    "tr": "Bir ödeme servisi binde bir siparişi kaybediyor, ama yalnızca gece, içe aktarma çalışırken. Nedeni nasıl "
    "bulursunuz?",
    "ru": "Платёжный сервис теряет один заказ из тысячи, но только ночью, когда идёт импорт. Как вы найдёте причину?",
    "ro": "Un serviciu de plăți pierde o comandă din o mie, dar numai noaptea, când rulează importul. Echipa nu vede "
    "nicio eroare în jurnale. Cum găsești cauza și ce verifici mai întâi?",
    "id-ID": "Layanan pembayaran kehilangan satu dari seribu pesanan, tetapi hanya pada malam hari ketika impor "
    "berjalan. Tim tidak melihat kesalahan di log. Bagaimana Anda menemukan penyebabnya?",
}


def asked(text: str) -> InterviewQuestion:
    """A question whose other texts say nothing."""
    criterion = Criterion(criterion="1", description="1.")
    anchors = RatingAnchors(low="2.", mid="3.", high="4.")
    return InterviewQuestion(spoken_text=text, criteria=[criterion], follow_ups=["5?"], rating_anchors=anchors)


@table("language, text", GOOD.items())
def test_a_good_question_in_a_language_that_was_not_learnt_passes(language: str, text: str) -> None:
    assert [found.finding for found in question_findings(asked(text), (), language)] == []
    assert not [each for each in question_violations(asked(text), (), language) if each.check == "prohibited_subject"]


def test_in_a_language_that_was_learnt_the_same_check_finds() -> None:
    kinds = [found.finding.kind for found in question_findings(asked("Are you pregnant?"), (), "en-GB")]
    assert "prohibited_subject" in kinds


@table("family, kind", [("personal", "prohibited_subject"), ("instruction", "instruction"), ("form", "form")])
def test_a_kind_is_learnt_in_the_languages_of_its_sentences(family: str, kind: str) -> None:
    lines = (line for path in EXAMPLES.glob(f"{family}_*.jsonl") for line in path.read_text("utf-8").splitlines())
    assert {json.loads(line)["lang"] for line in lines} == LEARNT_IN[kind] <= LANGUAGES

"""The sample wordings from which the offline mode builds topics and questions, and the words it looks for.

A question is put together from four sentences or so: a frame that names the subject, a scene, a
circumstance that fits the skill level, and the ask. Scenes, frames and circumstances of one kind go with
each other in any combination, which is why scenes speak of the subject only as "it". Each scene brings
criteria and rating anchors of its own; the rest of the criteria comes from a pool that fits every scene
of the kind. A criterion is (stage, label, description): stage 1 is what any acceptable answer has, stage
3 shows mastery.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from prompts import QuestionType, SkillLevel

Point = tuple[int, str, str]
Circumstances = Mapping[SkillLevel, tuple[str, ...]]


@dataclass(frozen=True)
class Slot:
    """A place in the interview: what is asked there, and which fields it is best asked about.

    The name begins the topic, and no two slots share it: so topics differ even if there is only one part.
    "tools", "experience" and "duties" are what the description says in place of fields that are not filled in.
    """

    question_type: QuestionType
    name: str
    facet: str
    focus: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Scene:
    """A situation, what may be heard in answers to it, and what answers of three qualities sound like.

    `without` names the criteria of the kind's pool that the situation or its own criteria say already.
    """

    text: str
    points: tuple[Point, ...]
    low: str
    mid: str
    high: str
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """All wordings of one question type. `{subject}` in a frame stands for the part of the requisition.

    Twists are further sentences for scenes that come back after all of them have been used.
    """

    frames: tuple[str, ...]
    scenes: tuple[Scene, ...]
    circumstances: Circumstances
    twists: tuple[str, ...]
    asks: tuple[str, ...]
    points: tuple[Point, ...]
    follow_ups: tuple[str, ...]


_TASK: Circumstances = {
    "Foundational": (
        "An experienced colleague answers your questions, but the first proposal is expected from you.",
        "It is your first task of this kind, and somebody will look over the result before it is used.",
        "You know the basics from training, and the team does not expect you to find everything on your own.",
    ),
    "Intermediate": (
        "You are expected to settle it without supervision, and your other tasks go on as planned.",
        "There is no money for anything new, and two colleagues can spare you half a day each.",
        "The notes left from earlier work are incomplete, and the person who wrote them has moved to another team.",
    ),
    "Advanced": (
        "You answer for the outcome, three other teams depend on it, and none of them can stop working meanwhile.",
        "The team's time for this quarter is used up, so whatever you add, something else has to give way.",
        "Half of what you would like to know cannot be found out in time, and a wrong step would take weeks to undo.",
    ),
    "Expert": (
        "What you decide becomes the rule for a dozen teams, several of which have reasons of their own to refuse it.",
        "The consequences will be felt for years, and those who bear the cost now are not those who benefit later.",
        "Two directors expect opposite things from it, and both have been told that the choice is yours.",
    ),
}

_PROJECT: Circumstances = {
    "Foundational": (
        "It is a small undertaking, and an experienced colleague will go through your proposal with you.",
        "You do the first part yourself, and colleagues will help with what comes after it.",
        "You may ask anybody about how things work today, and nobody expects a finished plan.",
    ),
    "Intermediate": (
        "One colleague works on it with you, and both of you have other tasks as well.",
        "You will have to make do with the tools that your team already has.",
        "Your team lead wants to see a proposal before you begin, but leaves its content to you.",
    ),
    "Advanced": (
        "Four people will work on it under your guidance, and only one of them has done anything like it before.",
        "The money is enough for building it once, and those who pay have seen a similar project fail.",
        "Several teams have to change how they work because of it, and none of them reports to you.",
    ),
    "Expert": (
        "It has to outlast two reorganisations that have been announced, and nobody knows yet who will run it.",
        "A dozen teams will build parts of it, and they neither share a budget nor a way of working.",
        "The board expects a direction for the next five years, although half of what it rests on may change.",
    ),
}

_SEARCH: Circumstances = {
    "Foundational": (
        "You may look at everything and try things in a copy; changes that matter are made by a colleague.",
        "It is the first fault that you look for on your own, and a colleague will hear this afternoon what you found.",
        "You know only a part of how everything works together, and asking is welcome.",
    ),
    "Intermediate": (
        "You are alone with it until tomorrow, and what still works must go on working.",
        "The person who built it has moved to another team and left few notes.",
        "You may read everything, but any change to what is running needs the consent of a second person.",
    ),
    "Advanced": (
        "Customers feel it already, and each of the three teams involved has a theory that blames another.",
        "Whatever you try in daily operation will be noticed by customers within minutes.",
        "Somebody has already tried four remedies and cannot say any more in which order.",
    ),
    "Expert": (
        "The parts involved belong to five units, and each has shown that its own part is in order.",
        "No team owns all the parts involved, and nobody has ever seen the whole at work.",
        "A costly outside review declared last year that exactly this could not happen.",
    ),
}

_DILEMMA: Circumstances = {
    "Foundational": (
        "You have been in the team for two months, and the colleague who usually helps you is away today.",
        "You do not know yet how the team handles such things, and nobody has asked for your opinion so far.",
        "Your mentor is in meetings all day and answers messages only now and then.",
    ),
    "Intermediate": (
        "Your team lead trusts you to handle it and cannot be reached before the afternoon.",
        "You know the people involved well and will be working with them again next week.",
        "It is not written down anywhere how your team deals with such cases.",
    ),
    "Advanced": (
        "Others in the team will follow your example, whichever way you choose.",
        "You answer for the result, and a team that you depend on will be disappointed either way.",
        "A customer is waiting, and your own manager has already told them that all is well.",
    ),
    "Expert": (
        "Whatever you do will be taken as a precedent in several departments.",
        "Those who have to live with your choice report to three managers, none of whom has a view yet.",
        "The same thing has come up twice before, and each time a quick answer only made it return.",
    ),
}

_PAST: Circumstances = {
    "Foundational": (
        "It may come from a course, a project of your own, a voluntary task or a job.",
        "A small case is fine, and so is one from outside paid work.",
        "It need not be from the same trade, as long as you took part in it yourself.",
    ),
    "Intermediate": (
        "Choose a case in which the work was yours to do.",
        "Choose one from the last few years that you remember in detail.",
        "Choose one that kept you busy for longer than a single day.",
    ),
    "Advanced": (
        "Choose a case in which others depended on what you did.",
        "Choose one in which you answered for the outcome.",
        "Choose one in which no solution would have suited everybody.",
    ),
    "Expert": (
        "Choose a case whose effects reached beyond your own team.",
        "Choose one that changed how several teams work.",
        "Choose one whose consequences showed only much later.",
    ),
}

_CODE: Circumstances = {
    "Foundational": (
        "It has worked whenever its author tried it.",
        "It is a first version, and its author is glad of any remark.",
        "It ran without complaint on one small example.",
    ),
    "Intermediate": (
        "So far somebody has watched each run; from next week nobody will.",
        "It is to go into daily use on Monday.",
        "Nobody has tried it with more than a handful of entries.",
    ),
    "Advanced": (
        "From next week it is used several times a second and on several machines.",
        "Two other teams are about to build on it.",
        "It has been in use for a year, and now the load on it is to grow tenfold.",
    ),
    "Expert": (
        "It is to become the model that a dozen teams copy.",
        "It will be installed in places that nobody in your organisation can reach quickly.",
        "It has been in use for years, and those who depend on it dread any change.",
    ),
}

_TWISTS = (
    "The colleague who knows most about it is away and cannot be asked.",
    "Two of the documents that describe it contradict each other.",
    "A similar case in a neighbouring department ended badly last year, and people still talk about it.",
    "Part of the work lies with a group in another time zone that answers overnight.",
    "A visitor from the head office wants to see how it is getting on.",
    "The budget for this quarter is used up.",
    "A trainee is with you this week in order to learn how you work.",
    "Nobody outside your team has been told anything about it so far.",
    "The written agreement with the users says less about it than everybody believed.",
    "A long weekend lies ahead, and few people will be at work before it is over.",
    "Your manager wants to hear about it in three sentences before the day ends.",
    "Somebody has already promised in public that everything will go smoothly.",
)

_HINTS = (
    "A case that ended badly is as welcome as one that ended well.",
    "If several come to mind, take the most recent one.",
    "Names and places may be left out.",
    "Take a moment to choose before you begin.",
    "It does not have to be a large matter.",
    "Whether others ever heard of it makes no difference.",
    "If several come to mind, take the one that you remember best.",
    "Details that help to follow the course of events are of interest.",
    "It may be something that is not finished yet.",
    "A case that looks ordinary from outside will do.",
)

_TECHNICAL = Kind(
    frames=(
        "Your team's work rests on “{subject}”.",
        "In your team, “{subject}” matters every day.",
        "A good part of what your team does involves “{subject}”.",
    ),
    scenes=(
        Scene(
            "The way it is handled has not changed for three years. One colleague wants to replace it with something "
            "newer, another says that nobody has shown what is wrong with it, and both want your recommendation by "
            "Friday.",
            (
                (1, "Present way described", "Says how things are done today before judging them."),
                (1, "Complaint made concrete", "Asks which concrete problem the newer way would solve."),
                (2, "Cost of switching", "Names what the switch itself would take, such as moving data or retraining."),
                (3, "Trial with a limit", "Proposes trying the newer way on one limited piece of work."),
            ),
            low="Takes sides at once, with praise for what is new or what is proven in place of reasons.",
            mid="Weighs advantages against disadvantages, but speaks of newer ways in general, not of this team's "
            "work.",
            high="Turns the argument into something that can be found out by Friday and recommends on that ground.",
            without=("Second way considered", "Drawback admitted"),
        ),
        Scene(
            "So far its mistakes have troubled nobody outside the team. Next month a project of another department "
            "begins to depend on it, so that a mistake will hold up the work of other people.",
            (
                (1, "Past mistakes reviewed", "Looks at mistakes of recent months for what could happen again."),
                (1, "Demands of newcomers", "Asks the other department what it will need."),
                (2, "Worst mistake picked out", "Names the mistake that would do the greatest harm to the project."),
                (3, "Promise with a limit", "States something that the other department should not be promised."),
            ),
            low="Says that everybody must be more careful or that more testing is needed, and leaves it at that.",
            mid="Names useful precautions, but treats all mistakes alike and says little about the other department.",
            high="Ranks mistakes by what they do to the project, settles the worst before the month is over, and says "
            "which ones stay possible.",
            without=("Affected people named",),
        ),
        Scene(
            "Two groups use what comes out of it. One needs results faster, the other cannot accept a single wrong "
            "one, and every step that has helped one of them so far has harmed the other.",
            (
                (1, "Speed put as a figure", "Asks how fast is fast enough."),
                (1, "Wrong result made concrete", "Gives an example of an error that would do harm."),
                (2, "Groups served apart", "Proposes a way of its own for each of the groups."),
                (3, "Price of certainty", "Says how much time a certain check costs or how to measure it."),
            ),
            low="Favours one of the groups, or promises both that everything will become fast as well as certain.",
            mid="Looks for a compromise in the middle, without asking what either group could do without.",
            high="Finds out where the wishes really collide, separates what can be separated, and says openly who "
            "gives "
            "up what.",
            without=("Concrete example given",),
        ),
        Scene(
            "Last month a new colleague made an avoidable mistake in it, the third such mistake by a newcomer this "
            "year. "
            "You are to see to it that this does not happen again, and nobody wants another course or handbook.",
            (
                (1, "Typical mistake described", "Describes a mistake that a newcomer could make here."),
                (1, "Newcomers asked", "Asks the newcomers what led them to their mistakes."),
                (2, "Mistake made harder", "Proposes a check or a change that stops the mistake by itself."),
                (2, "Cause in the work", "Looks for what in the work itself invites the mistake."),
                (3, "Something dropped", "Names a step or a rule that could be dropped because it misleads."),
            ),
            low="Calls for more care, or for a course or a handbook after all.",
            mid="Proposes sensible precautions, but looks for the fault with the newcomers more than with the work.",
            high="Finds out what the three mistakes have in common and changes the work so that they are hard to make.",
            without=("Concrete example given",),
        ),
        Scene(
            "Another department claims that this work has become worse over the last half year. There are no figures "
            "to prove or disprove it, and you meet them in ten days.",
            (
                (1, "Claim made precise", "Asks what the other department has seen, for example the last occasion."),
                (
                    1,
                    "Traces of the past",
                    "Names existing records from which something about the half year can be read.",
                ),
                (2, "Sign of quality chosen", "Names one measurable sign of quality in this work."),
                (
                    2,
                    "Comparison made fair",
                    "Points out something else that changed in the half year, such as the amount.",
                ),
                (3, "Claim may be true", "Says what they would offer if the claim turns out to be right."),
            ),
            low="Defends the team or gives in, with no attempt to find out what is true.",
            mid="Wants to collect figures, but not ones that could be had in ten days or that would decide the "
            "question.",
            high="Makes the claim testable, finds traces that exist already, and goes into the meeting prepared for "
            "either result.",
            without=("Missing fact named", "Effect looked at later"),
        ),
    ),
    circumstances=_TASK,
    twists=_TWISTS,
    asks=(
        "Talk me through what you would do.",
        "How would you go about it?",
        "Tell me how you would approach this.",
    ),
    points=(
        (1, "Aim stated first", "Says what is to be achieved before proposing a step."),
        (1, "Missing fact named", "Names a fact that they would find out before deciding."),
        (1, "Affected people named", "Names somebody who would notice the consequences."),
        (1, "Concrete example given", "Gives a concrete example from this area of work."),
        (2, "Second way considered", "Names a second way that they considered."),
        (2, "Drawback admitted", "Names a disadvantage of the way they chose."),
        (2, "Effort estimated", "Gives an estimate of time or effort for a step."),
        (2, "Assumption marked", "Marks a statement as an assumption that still has to be confirmed."),
        (2, "Steps put in order", "Gives a reason why one step comes before another."),
        (3, "Reason to turn round", "Says which finding would make them change their mind."),
        (3, "Way back kept", "Says how the decision could be undone."),
        (3, "Effect looked at later", "Names a sign by which they would see later whether it helped."),
        (3, "Side effect seen", "Points out a consequence outside the immediate task."),
    ),
    follow_ups=(
        "Which part of this would you be least sure about?",
        "Can you say more about one of these steps?",
        "What would you do differently with twice the time?",
        "What would you leave for later?",
        "How would you explain this to somebody new?",
    ),
)

_SYSTEM_DESIGN = Kind(
    frames=(
        "The goal is “{subject}”.",
        "Your team has been asked for “{subject}”.",
        "One result expected from you is “{subject}”.",
    ),
    scenes=(
        Scene(
            "Three departments have written down their wishes for it, which partly contradict each other, and apart "
            "from that page nothing exists yet. A first usable version is wanted in ten weeks.",
            (
                (1, "Need behind a wish", "Asks what purpose lies behind a demand."),
                (1, "Wishes put in order", "Names a wish that has to wait until after the first version."),
                (2, "Contradiction decided", "Says who decides where two departments contradict each other."),
                (3, "Shown before finished", "Shows a first piece to future users early on."),
            ),
            low="Starts with tools or parts, takes every wish as given, and does not notice that they collide.",
            mid="Describes a workable design, but it has room for everything and would not be ready in ten weeks.",
            high="Reduces the wishes to few needs, builds the smallest thing that serves them, and says what was left "
            "out and why.",
            without=("Question before design", "Left out on purpose"),
        ),
        Scene(
            "What serves this purpose today is in use every hour and may stand still for ten minutes at the most. It "
            "is to give way to something that carries three times as much, and nobody wants one large changeover.",
            (
                (1, "Old beside new", "Lets the old run beside the new for some time."),
                (1, "Moved in portions", "Moves use over in portions, such as one group at a time."),
                (2, "Results compared", "Compares the new results with the old ones for the same input."),
                (2, "Way back for a portion", "Says how a portion returns to the old way if it goes wrong."),
                (3, "End of the old", "Names the condition for switching the old off."),
            ),
            low="Describes only the new solution; the way there is a single weekend.",
            mid="Moves step by step, but what happens to work in progress or after a failed step stays open.",
            high="Plans a way on which each step is useful, can be checked and can be taken back, up to the end of the "
            "old solution.",
            without=("One case followed",),
        ),
        Scene(
            "It depends on an outside supplier whose service fails about twice a month, usually for some hours and "
            "without warning. Those who rely on the result should notice as little of it as possible.",
            (
                (1, "Failure detected", "Names a sign by which an outage is recognised."),
                (1, "Reduced service described", "Describes what users still get while the service is missing."),
                (2, "Waiting limited", "Sets a limit to how long anything waits for the supplier."),
                (2, "Work kept for later", "Keeps what cannot be done now, to be done after the failure."),
                (3, "Nothing done twice", "Says how work that is taken up again is kept from being done twice."),
                (3, "Backlog without flood", "Says how the backlog is worked off without overloading the supplier."),
            ),
            low="Demands a better supplier or hopes that trying again will do.",
            mid="Keeps work for later and tries again, but with no limit to waiting and no thought of the time after.",
            high="Says for each use what happens during the failure and after it, with limits, and knows what users "
            "see.",
            without=("Users named",),
        ),
        Scene(
            "A solution works well at one site, where two people know it by heart. Within a year it is to be "
            "introduced at eight more sites, each of which does things a little differently.",
            (
                (1, "Differences collected", "Asks which local habits have to be respected."),
                (1, "Knowledge brought out", "Brings what the two people know into a form that others can use."),
                (2, "Common core separated", "Separates what is the same everywhere from what a site may set."),
                (2, "Second site chosen", "Gives a reason for the site that comes next."),
                (3, "Difference given up", "Names a difference that a site would have to give up."),
                (3, "Later changes spread", "Says how a later change reaches all nine sites."),
            ),
            low="Copies the solution eight times and sends the two people round.",
            mid="Makes it adjustable and starts with one more site, but every wish of a site becomes a setting.",
            high="Finds the common core, limits what may differ, and learns from one or two sites before the rest "
            "follow.",
            without=("Question before design",),
        ),
        Scene(
            "For the next five years an auditor may ask at any time who changed what, when, and on whose word. Those "
            "who do the daily work fear that answering this will slow them down.",
            (
                (1, "Record's content listed", "Lists what a single record has to contain."),
                (1, "Recorded in passing", "Lets records arise from the daily work instead of extra entries."),
                (2, "Records protected", "Says what keeps a record from being altered later."),
                (2, "One change found again", "Describes how a particular change is found for the auditor."),
                (3, "Rehearsed before needed", "Tries out the auditor's question before the auditor comes."),
            ),
            low="Adds a form or a log to be filled in and trusts that everybody does so.",
            mid="Records automatically, but it stays open who can alter records or how an answer is put together.",
            high="Starts from the auditor's question, derives what to record and how to protect it, and measures "
            "what it "
            "costs the daily work.",
            without=("Users named",),
        ),
    ),
    circumstances=_PROJECT,
    twists=_TWISTS,
    asks=(
        "Propose a design that you would put before your team.",
        "Sketch the solution you would build.",
        "Describe the design that you would argue for.",
    ),
    points=(
        (1, "Users named", "Names who will use the result."),
        (1, "Main parts named", "Names the main parts of the design."),
        (1, "Question before design", "Asks a question about the goal before designing."),
        (2, "One case followed", "Follows one case through the design from start to end."),
        (2, "Size worked out", "Works out a number, rate or duration, even roughly."),
        (2, "Other design rejected", "Gives a reason for not choosing another design."),
        (2, "Left out on purpose", "Names something that the design leaves out on purpose."),
        (2, "Duty of a part", "Says which of two parts is responsible for something."),
        (2, "Riskiest part tried", "Proposes trying out the riskiest part before the others."),
        (3, "Signs in daily use", "Names what would be watched once it is in use."),
        (3, "Price of the design", "Names a disadvantage that the design accepts."),
        (3, "First limit under growth", "Says what reaches its limit first when the amount of work grows."),
        (3, "Hard to change later", "Points out a choice that would be hard to change later."),
    ),
    follow_ups=(
        "Take me through one part in more detail.",
        "Which decision in this was the most difficult?",
        "What would the first month look like?",
        "What would you want to know from the people involved?",
        "What would you do with half the time?",
    ),
)

_DEBUGGING = Kind(
    frames=(
        "Something that your team runs depends on “{subject}”.",
        "You look after work in which “{subject}” plays a part.",
        "A task that involves “{subject}” was thought to be in order.",
    ),
    scenes=(
        Scene(
            "About twice a day a run fails, at no fixed time, and succeeds when it is simply started again. The "
            "records "
            "of the last week show nothing unusual, but three changes were made on the day before it began.",
            (
                (1, "Times of failure collected", "Collects the times of the failures to look for a pattern."),
                (1, "Changes examined apart", "Examines the three changes one by one."),
                (2, "Restart questioned", "Says what is lost or hidden by starting again."),
                (3, "Changes may be innocent", "Names a possible cause that lies outside the three changes."),
            ),
            low="Undoes all three changes or keeps starting again, and waits to see whether it helps.",
            mid="Looks through records and changes in a sensible order, but waits for the failure instead of provoking "
            "or recording it.",
            high="Makes the next failure tell more than the last one, rules causes out one by one, and knows what "
            "would "
            "prove the rest.",
            without=("Several causes named",),
        ),
        Scene(
            "Two reports about it have always agreed to the last digit. Since Monday they differ by about two per "
            "cent, "
            "no error has been recorded anywhere, and somebody has to sign one of them tomorrow.",
            (
                (1, "Recent changes asked", "Asks what was changed on or before Monday."),
                (1, "Difference located", "Looks for the entries or groups in which the difference arises."),
                (2, "Figure traced back", "Follows one differing figure back to where it comes from."),
                (3, "Both may be wrong", "Considers that neither of the reports is right."),
                (3, "Signer warned", "Says what the person who signs has to be told today."),
            ),
            low="Declares one of the reports the right one, or adjusts a figure until they agree.",
            mid="Compares the reports and finds where they part, but goes no further than the first plausible reason.",
            high="Narrows the two per cent to particular entries, explains every one of them, and keeps the signer "
            "informed meanwhile.",
            without=("Failing case compared",),
        ),
        Scene(
            "One step used to take four minutes. Over three weeks it has become slower from day to day and now takes "
            "forty; starting everything afresh helps for an afternoon.",
            (
                (1, "Slow part located", "Measures which part of the step takes the time."),
                (1, "Three weeks looked at", "Asks what was changed about three weeks ago."),
                (2, "Something that grows", "Looks for something that grows from day to day."),
                (2, "Fresh start as a clue", "Concludes something from the fact that a fresh start helps."),
                (3, "Course predicted", "Works out when the step will no longer end in time."),
            ),
            low="Plans a fresh start every night or asks for faster machines.",
            mid="Measures and finds the slow part, but does not explain why it grows or why a fresh start helps.",
            high="Uses growth and fresh start as clues, predicts what a measurement will show, and then measures it.",
            without=("Failing case compared", "New record added"),
        ),
        Scene(
            "The result is right for every user but one. That user has reported it three times, two reports were "
            "closed "
            "because nobody could reproduce the fault, and now you have watched it happen yourself.",
            (
                (1, "User asked to show", "Asks the user to show what they do, in which order."),
                (1, "Differences listed", "Lists what is different about this one user."),
                (2, "Same steps elsewhere", "Repeats the user's steps under another account or on another machine."),
                (3, "Silent others considered", "Asks whether others have the fault without reporting it."),
                (3, "Closed reports answered", "Words an apology or explanation for the person who was not believed."),
            ),
            low="Calls it a problem of that user and suggests setting everything up anew.",
            mid="Compares the user with others, but changes several things together and stops when the fault is gone.",
            high="Moves one difference after another from this user to another one until the fault moves along.",
            without=("Fault seen first", "Extent asked", "Failing case compared"),
        ),
        Scene(
            "A change that was thought harmless went out last night. Since this morning no result is as expected, "
            "undoing the change did not help, and two colleagues have each found a different culprit.",
            (
                (1, "Undoing verified", "Checks whether the change was really undone everywhere."),
                (2, "Search divided", "Agrees with the two colleagues who examines what."),
                (2, "Traces left behind", "Looks for data or settings that the change left behind."),
                (2, "Deciding test named", "Names a test that decides between the two culprits."),
                (3, "Other event that night", "Considers that something else happened in the same night."),
            ),
            low="Joins one of the two colleagues, or puts the change back and forth in the hope of an effect.",
            mid="Checks the undoing and tests both theories, but takes it for granted that the change is to blame.",
            high="Asks what is still different from yesterday, tests the theories against each other, and divides the "
            "search among three people.",
            without=("Extent asked", "Several causes named", "Failing case compared", "Many causes ruled out"),
        ),
    ),
    circumstances=_SEARCH,
    twists=_TWISTS,
    asks=(
        "Talk me through your way to the cause.",
        "How do you get from here to the cause?",
        "Describe how you would search from here.",
    ),
    points=(
        (1, "Extent asked", "Asks how many cases are affected."),
        (1, "Fault seen first", "Tries to see the fault before changing anything."),
        (1, "Several causes named", "Names at least two possible causes."),
        (1, "Failing case compared", "Compares a case that fails with one that works."),
        (2, "Many causes ruled out", "Names a test that rules out a large part of the possible causes."),
        (2, "One change at once", "Changes one thing at a time."),
        (2, "Expectation before test", "Says what a test should show if the suspicion is right."),
        (2, "Evidence saved", "Saves records or data before they are overwritten."),
        (2, "New record added", "Proposes recording something that is not recorded today."),
        (2, "Harm limited meanwhile", "Proposes a measure against further damage while the search goes on."),
        (3, "Cause explains everything", "Says how to show that the cause explains all that was seen."),
        (3, "Repeat caught earlier", "Names a test or alarm that would catch the same fault next time."),
        (3, "Limit for one path", "Says when they would give up one line of search."),
    ),
    follow_ups=(
        "What would you do if that showed nothing?",
        "What makes you think of that?",
        "How would you explain it to somebody outside the team?",
        "Which step would take you the longest?",
        "What would you do next?",
    ),
)

_SITUATIONAL = Kind(
    frames=(
        "The description of your post says “{subject}”.",
        "You hold this post, and one of its tasks reads “{subject}”.",
        "One line in the description of your post reads “{subject}”.",
    ),
    scenes=(
        Scene(
            "On Thursday afternoon you notice that a step which everybody believed done was only ticked off. The "
            "result "
            "is promised for Friday noon, doing the step properly takes two days, and a colleague suggests saying "
            "nothing until Monday.",
            (
                (1, "Gap reported", "Tells somebody in charge about the gap the same day."),
                (1, "Purpose of the step", "Says what the missing step protects against."),
                (2, "Part offered in time", "Offers a part of the result that can be ready on Friday."),
                (2, "Silence turned down", "Tells the colleague why saying nothing is not an option."),
                (3, "False tick examined", "Asks how the step came to be ticked off."),
            ),
            low="Keeps quiet, or works through the night and hopes that it will do.",
            mid="Reports the gap, but leaves it to others to decide what is to be delivered on Friday.",
            high="Reports at once with two or three ways to go on, what each costs and which one they recommend.",
            without=("Affected person informed",),
        ),
        Scene(
            "This morning two people whose requests you cannot simply refuse both need your help with this today. Each "
            "says that theirs was agreed first, and there is time for only one.",
            (
                (1, "Cost of waiting asked", "Asks both what happens if their request waits."),
                (1, "Both told openly", "Tells both people openly that they compete for the same hours."),
                (2, "Definite time given", "Names a definite hour at which the second task begins."),
                (2, "Smaller help offered", "Offers the one who waits something that takes less time."),
                (3, "Tie decided by owner", "Names who decides if the two cannot agree."),
            ),
            low="Serves whoever is louder or higher up, or starts both and finishes neither.",
            mid="Chooses by urgency and says so to one of them, while the other finds out later.",
            high="Asks what is at stake for each, decides by that openly, and gives the other one something to rely "
            "on.",
            without=("Affected person informed", "Harm compared"),
        ),
        Scene(
            "You share this task with a colleague whose part has been wrong twice this month. Both times you "
            "corrected it "
            "quietly; now you find a third and larger mistake, an hour before others begin to use the result.",
            (
                (1, "Use of it prevented", "Stops the others from relying on the faulty part."),
                (1, "Private word first", "Speaks with the colleague in private."),
                (2, "Reason asked", "Asks the colleague how the mistakes came about."),
                (2, "Facts without blame", "Words the mistake as a fact instead of a judgement of the colleague."),
                (3, "Quiet repair given up", "Says why correcting it quietly is no longer right."),
            ),
            low="Corrects it quietly once more, or complains to the team lead without a word to the colleague.",
            mid="Stops the mistake and speaks with the colleague, but leaves open how a fourth one is prevented.",
            high="Protects the result first, then has an open talk about the pattern, including their own part in it.",
            without=("First action definite", "Own share seen"),
        ),
        Scene(
            "A decision about this was made in a meeting that you could not attend. From what you know it will do "
            "damage "
            "within weeks, and those who made it are relieved to have it behind them.",
            (
                (1, "Grounds asked", "Asks what the decision was based on."),
                (1, "Concern raised directly", "Raises the concern with those who decided."),
                (2, "Damage shown", "Brings an example or a figure that shows the damage."),
                (2, "Proposal brought along", "Brings a proposal along with the concern."),
                (3, "Decision upheld", "Says what they would do if the decision stands."),
            ),
            low="Carries it out in silence and later says that they saw it coming, or complains among colleagues.",
            mid="Raises the concern, but as an opinion against an opinion and without a proposal.",
            high="Finds out what was known in the meeting, adds what was not, and makes it easy to decide again.",
            without=("Facts checked",),
        ),
        Scene(
            "Somebody you like working with asks you to leave out the agreed review just this once. They are under "
            "pressure, the risk looks small, and nobody would find out soon.",
            (
                (1, "Purpose of the review", "Says what the review protects against."),
                (1, "Pressure asked about", "Asks where the pressure comes from."),
                (2, "Shorter review offered", "Offers a shorter or faster review."),
                (2, "Clear answer given", "Gives the other person a clear yes or no with a reason."),
                (3, "Open exception named", "Names a way to get an exception that others can see."),
            ),
            low="Gives in for the sake of peace, or points to the rule and ends the talk.",
            mid="Refuses with a reason, but offers nothing for the pressure that led to the request.",
            high="Takes the pressure seriously, finds a fast way that keeps what the review is for, and does it "
            "openly.",
            without=("Another view described",),
        ),
    ),
    circumstances=_DILEMMA,
    twists=_TWISTS,
    asks=("What do you do?", "How do you handle it?", "Tell me how you would act."),
    points=(
        (1, "Facts checked", "Checks a fact before acting on it."),
        (1, "First action definite", "Names a definite action for the first hour."),
        (1, "Affected person informed", "Informs somebody who is affected before they find out themselves."),
        (2, "Harm compared", "Compares the harm of two ways to act."),
        (2, "Own limit stated", "Names something that they would not do in this situation."),
        (2, "Help at a set point", "Names the point at which they would involve somebody else."),
        (2, "Another view described", "Describes how the matter looks to another person involved."),
        (2, "Words rehearsed", "Gives words that they would actually say to somebody."),
        (2, "Agreement written down", "Puts what was agreed into writing."),
        (3, "Principle behind it", "Gives a rule or principle that the choice follows."),
        (3, "Own share seen", "Names something that they could have done earlier."),
        (3, "Repeat prevented", "Proposes a change so that the situation does not come up again."),
        (3, "Return afterwards", "Comes back to the people involved some time later."),
    ),
    follow_ups=(
        "What would happen after that?",
        "Which part of this is the most difficult for you?",
        "What makes you decide that way?",
        "What would be different if it happened in your first week?",
        "Can you say more about that step?",
    ),
)

_BEHAVIORAL = Kind(
    frames=(
        "One thing that this post asks for is “{subject}”.",
        "The description of this post names “{subject}”.",
        "Among the demands of this post is “{subject}”.",
    ),
    scenes=(
        Scene(
            "Think of a piece of work of your own in which this was put to the test because things did not go as "
            "planned.",
            (
                (1, "Plan described", "Says what had been planned."),
                (1, "First reaction told", "Describes what they did first when it went wrong."),
                (2, "First sign named", "Names the first sign that something was going wrong."),
                (3, "Bad news passed on", "Says whom they told that the plan no longer held."),
            ),
            low="Speaks of plans that fail in general, or tells a case in which others were to blame for everything.",
            mid="Tells a case with its course and outcome, but between trouble and rescue their own steps stay vague.",
            high="Tells step by step what they saw, decided and did, including what they would have liked to see "
            "earlier.",
            without=("Stakes described",),
        ),
        Scene(
            "Think of a time when it mattered and somebody you worked with wanted something else than you did.",
            (
                (1, "Both aims stated", "Says what each side wanted."),
                (2, "Question to the other", "Mentions a question that they asked the other person."),
                (2, "Common ground named", "Names something on which both agreed."),
                (3, "Own view moved", "Names a point on which they changed their own view."),
                (3, "Work together afterwards", "Says how the two worked together afterwards."),
            ),
            low="Says that they get on with everybody, or tells how they were right and the other gave in.",
            mid="Describes the disagreement and its end; why the other person wanted it that way stays unclear.",
            high="Tells both sides so that each makes sense, what moved the matter, and what it meant for later work.",
            without=("View of others told",),
        ),
        Scene(
            "Think of a case in which you dealt with this in a way that you would not choose again today.",
            (
                (1, "Former way described", "Describes what they did at that time."),
                (1, "Reasons of that time", "Says why it seemed right at that time."),
                (2, "Turning point named", "Names what made them see it differently."),
                (3, "Today's step described", "Describes a step that they would take today."),
            ),
            low="Names a fault that is really a virtue, or cannot think of a case.",
            mid="Tells a case and regrets it; what they would do today is the same thing, only better.",
            high="Explains why it seemed right, what it cost and whom, and what exactly they do now in such a case.",
            without=("Reason for a step", "Later habit named"),
        ),
        Scene(
            "Think of a time when this was called for and you depended on people who were not obliged to help you.",
            (
                (1, "Needed people named", "Names the people whose support mattered most."),
                (2, "Benefit for them", "Says what the others had to gain."),
                (2, "Refusal answered", "Describes how they answered a refusal or a delay."),
                (3, "Superiors brought in", "Says why they did or did not go to a superior."),
                (3, "Share of others shown", "Says how the share of the others was made visible."),
            ),
            low="Tells how they asked and were refused, or how a superior gave the order.",
            mid="Tells how they convinced people with arguments; what these people cared about hardly comes up.",
            high="Tells what the others needed, how the request changed because of it, and what remained between them.",
            without=("Luck or help named", "View of others told"),
        ),
        Scene(
            "Think of a time when it was called for, and your first picture of the situation turned out to be wrong.",
            (
                (1, "Wrong picture told", "Says what they had believed at first."),
                (1, "Discovery told", "Says how they found out."),
                (2, "Correction described", "Describes what they did to correct the consequences."),
                (2, "Overlooked sign named", "Names a sign that they had overlooked or explained away."),
                (3, "Hidden assumption found", "Names the assumption that lay behind the wrong picture."),
            ),
            low="Tells of somebody else's mistake, or of one that had no consequences.",
            mid="Tells what they had wrong and how it was put right, but not why they had believed it.",
            high="Takes the mistake apart down to the assumption behind it and to the sign that could have warned "
            "them.",
            without=("Helpless moment admitted",),
        ),
    ),
    circumstances=_PAST,
    twists=_HINTS,
    asks=(
        "Tell me about it from the beginning to the end.",
        "Take me through what happened.",
        "Tell me the story of that one case.",
    ),
    points=(
        (1, "One particular case", "Names one particular case instead of a habit."),
        (1, "Own part separated", "Says what they did themselves, apart from what others did."),
        (1, "Stakes described", "Says what would have been lost if it had failed."),
        (1, "Outcome told", "Says how the case ended."),
        (2, "Reason for a step", "Gives a reason for something they did."),
        (2, "Option turned down", "Names something that they considered but did not do."),
        (2, "Helpless moment admitted", "Names a moment at which they did not know how to go on."),
        (2, "View of others told", "Describes how another person involved saw it."),
        (2, "Result shown", "Names a figure or a reaction that shows the result."),
        (3, "Later habit named", "Names something that they have done differently since then."),
        (3, "Lesson passed on", "Describes how other people came to learn from the case."),
        (3, "Luck or help named", "Says what was owed to luck or to other people."),
        (3, "Limit of the lesson", "Names a situation in which the same way would not work."),
    ),
    follow_ups=(
        "What did you do after that?",
        "Which part took the longest?",
        "What was said at that point?",
        "How do you look back on it today?",
        "Can you say more about that moment?",
    ),
)

_CODING = Kind(
    frames=(
        "The code below was written for work with “{subject}”.",
        "A colleague who works on “{subject}” has asked you to look at this code.",
        "Before it is used for “{subject}”, this code is to be reviewed.",
    ),
    scenes=(
        Scene(
            "It works through what has arrived since the last run.\n\n```\nfor each message in inbox.read(100)\n"
            "    result = handle(message)\n    if result is ok\n        inbox.delete(message)\n    else\n"
            '        log("failed")'
            "\n```\n\n",
            (
                (1, "Log says too little", "Points out that the log does not tell which message failed."),
                (1, "Rest after a hundred", "Asks what happens to messages beyond the first hundred."),
                (2, "Failing message returns", "Points out that a message that fails comes back at every run."),
                (2, "Exception ends the loop", "Points out that an exception in handling leaves the rest untouched."),
                (2, "Handling without end", "Points out that handling may take any length of time."),
                (3, "Handled twice", "Points out that a message can be handled twice if deleting fails."),
                (3, "Two runs at once", "Asks what happens when two runs overlap."),
            ),
            low="Explains the lines one by one and suggests comments or another layout.",
            mid="Sees that failures are badly reported, but assumes that each call either works or says that it did "
            "not.",
            high="Asks of every line what happens if it fails, lasts or is done twice, and proposes few exact changes.",
        ),
        Scene(
            "It was added because the server was asked for the same price again and again.\n\n```\ncache = empty "
            "map\n\n"
            "function price(item, customer)\n    if cache has item\n        return cache[item]\n"
            "    value = ask_server(item, customer)\n    cache[item] = value\n    return value\n```\n\n",
            (
                (1, "Customer left out", "Points out that the second customer gets the price of the first one."),
                (1, "Old price kept", "Points out that a price that has changed is never asked for again."),
                (2, "Failure remembered", "Asks what is kept when the server gives no value."),
                (2, "Growth without end", "Points out that the cache only ever grows."),
                (2, "Benefit measured", "Proposes measuring how often the cache helps."),
                (3, "Same question twice", "Points out that two calls at once both ask the server."),
                (3, "Accepted age asked", "Asks how old a price may be for those who use it."),
            ),
            low="Finds the code short and clear and would use it as it is, or renames variables.",
            mid="Sees that old prices stay, and adds an expiry without asking what the users of the price need.",
            high="Sees whose price is kept and for how long, and derives the changes from what a wrong price would "
            "cost.",
        ),
        Scene(
            "It is run every evening on the measured values of the day.\n\n```\nfunction daily_report(readings)\n"
            "    sum = 0\n    for each reading in readings\n        if reading.value > 0\n"
            "            sum = sum + reading.value\n    average = sum / count(readings)\n"
            '    write_file("report.txt", average)\n    send_mail("report.txt")\n```\n\n',
            (
                (1, "Empty day", "Points out that a day without readings leads to a division by zero."),
                (1, "Report overwritten", "Points out that each report replaces the one of the day before."),
                (2, "Wrong divisor", "Points out that readings left out of the sum are still counted."),
                (2, "Values left out", "Asks why values of zero or below are left out."),
                (2, "Mail after failed writing", "Asks what is sent if the file could not be written."),
                (3, "Gaps not visible", "Points out that nobody sees how many readings were missing."),
                (3, "Duties mixed", "Proposes separating the calculation from writing or sending."),
            ),
            low="Speaks about names and layout; expects every day to look like the example.",
            mid="Finds the empty day or the wrong divisor, but not what the reader of the report would believe.",
            high="Finds where the figure is wrong, says what its readers would conclude, and makes it testable.",
        ),
        Scene(
            "It is called whenever somebody presses the button.\n\n```\nfunction reserve(seat, customer)\n"
            "    if seat.is_free\n        ask_for_payment(customer, seat.price)\n        seat.is_free = false\n"
            "        send_ticket(customer, seat)\n    return seat\n```\n\n",
            (
                (1, "Refused payment", "Asks what happens if the payment is refused."),
                (1, "Same return value", "Points out that the caller cannot see whether the seat was reserved."),
                (2, "Button pressed twice", "Points out that a second press may lead to a second payment."),
                (2, "Ticket not sent", "Asks what happens if sending the ticket fails."),
                (2, "Seat held first", "Proposes holding the seat before asking for payment."),
                (3, "Two customers at once", "Points out that two customers can both find the seat free."),
                (3, "Stop between two lines", "Points out what a crash right after the payment leaves behind."),
            ),
            low="Takes the steps as they stand and suggests comments or messages to the user.",
            mid="Handles a refused payment, but thinks of one customer at a time and of no interruption.",
            high="Goes through simultaneous, repeated and interrupted calls, and reorders the steps accordingly.",
        ),
    ),
    circumstances=_CODE,
    twists=_TWISTS,
    asks=(
        "Talk me through what you would change.",
        "Explain what you would change in it.",
        "Which changes do you ask for?",
    ),
    points=(
        (1, "Purpose put in words", "Says in their own words what the code is for."),
        (1, "One run followed", "Follows the code with one concrete input."),
        (2, "Revealing input named", "Names an input that would show one of the faults."),
        (2, "Change worded exactly", "Words a change so exactly that it could be written down."),
        (3, "Most urgent change", "Gives a reason for the change that comes first."),
        (3, "Cost of a change", "Names a drawback of a change that they propose."),
        (3, "Left alone on purpose", "Names something that they would leave as it is."),
    ),
    follow_ups=(
        "How would you write that change?",
        "How would you try it out?",
        "Is there anything else you notice?",
        "Which line would you like to talk about more?",
    ),
)

KINDS: Mapping[QuestionType, Kind] = {
    "technical": _TECHNICAL,
    "system_design": _SYSTEM_DESIGN,
    "debugging": _DEBUGGING,
    "situational": _SITUATIONAL,
    "behavioral": _BEHAVIORAL,
    "coding": _CODING,
}

# The first five differ in type, so that the questions of one interview never come from the same scenes.
SLOTS = (
    Slot(
        "technical",
        "Technical decisions",
        "reasons for a decision",
        "Whether the person decides by facts and can say what a decision about it rests on.",
        ("work_knowledge", "tools", "work_output", "duties"),
    ),
    Slot(
        "system_design",
        "Solution design",
        "design under constraints",
        "Whether the person turns a goal into a design that fits its constraints.",
        ("work_output", "duties", "work_role"),
    ),
    Slot(
        "debugging",
        "Fault finding",
        "way from symptom to cause",
        "Whether the person narrows a fault down with evidence instead of guesses.",
        ("work_knowledge", "tools", "duties", "work_output"),
    ),
    Slot(
        "situational",
        "Difficult situations",
        "acting under pressure",
        "What the person does when no way is comfortable and somebody waits.",
        ("work_role", "work_output", "duties"),
    ),
    Slot(
        "behavioral",
        "Past experience",
        "conduct in a real case",
        "What the person did in a real case, and what they made of it.",
        ("work_competencies", "experience", "work_role", "duties"),
    ),
    Slot(
        "technical",
        "Practical trade-offs",
        "weighing of alternatives",
        "Whether the person sees what an advantage costs elsewhere.",
        ("work_output", "work_knowledge", "tools", "duties"),
    ),
    Slot(
        "debugging",
        "Unexpected failures",
        "failures in daily operation",
        "Whether the person stays systematic while others wait for an answer.",
        ("work_knowledge", "tools", "duties"),
    ),
    Slot(
        "situational",
        "Conflicting demands",
        "handling of conflicting demands",
        "How the person deals with demands that cannot all be met.",
        ("work_role", "work_output", "duties"),
    ),
)

LEVEL_WORDS: tuple[tuple[SkillLevel, str], ...] = (
    (
        "Foundational",
        r"junior|jr|entry|graduate|intern|internship|trainee|apprentice|student|azubi|auszubildende\w*|praktikant\w*"
        r"|werkstudent\w*|absolvent\w*|(?:berufs)?einsteiger\w*|becari[oa]|prácticas|aprendiz|recién",
    ),
    ("Intermediate", r"mid|middle|intermediate|medior|l3|ic3|ii|berufserfahren\w*|semi|intermedi[oa]"),
    (
        "Advanced",
        r"senior|sénior|sr|lead|leader|staff|manager|l[45]|ic[45]|iii|iv|erfahren\w*|leitende\w*|teamleit\w*|líder"
        r"|jef[ea]",
    ),
    (
        "Expert",
        r"principal|\w*architect\w*|\w*architekt\w*|director\w*|direktor\w*|head|chief|vp|distinguished|l[67]|ic[67]"
        r"|bereichsleit\w*|abteilungsleit\w*|arquitect[oa]",
    ),
)

# How a description's lines on what there is to do begin.
ACTIVITIES = (
    r"own|build|write|run|lead|keep|move|review|set|train|design|migrat|ingest|use|edit|hold|agree|bring|take"
    r"|support|maintain"
    r"|deploy|defin|giv|replac|work|plan|entwick|implement|optimi|pfleg|betreu|desarroll|diseñ"
)
# What those on what there is to bring contain.
EXPERIENCE = r"^(?:must|should|able|can)\b|\b(?:experience\w*|erfahr\w*|experiencia|ability)\b"
# How its lines on the employer begin, and what those on pay, hiring and the like contain.
NOT_WORK = (
    r"^(?:we|our|us|if|no|are|please|i|so|it|this|that|these|there|about|for most|wir|unser\w*)\b|"
    r"\b(?:salary|gehalt\w*|bonus|pension|holidays?|urlaub|benefits?|allowance|equity|gbp|eur|usd|visa|laptop|beer"
    r"|lunch"
    r"|equal opportunity|applicants?|bewerb\w*|recruiters?|cvs?|vacancy|internal use|page \d|(?:hybrid|location)(?=:)"
    r"|qualifi\w*|degree|licen[sc]e|\d\W*(?:years?|yrs|jahre)|studium|offer|contract \d|wir bieten)\b|[€£$]|___"
)
# Words about a person, which no topic and no list of demands should repeat.
PERSON = (
    r"\b(?:famil\w+|young\w*|youth\w*|jung\w*|joven|energetic|age|aged|alter|gender|married|verheiratet|pregnan\w+"
    r"|schwanger\w*|relig\w+|ethnic\w*|national\w*|disab\w+|schwerbehindert\w*|child\w*|kids|kinder|domestic|native"
    r"|muttersprach\w*|boys|girls|guys|men|women|he|she|his|her|him|congratulations|parental|skin(?:ned)?|rockstar"
    r"|ninja"
    r"|commanding)\b"
)
PRODUCTS = frozenset(
    re.findall(
        r"\S+",
        """c c++ c# .net java kotlin scala go rust python ruby php perl r swift typescript javascript html css sql bash abap
    react angular vue vue.js node node.js vite redux laravel django flask spring hibernate kafka rabbitmq airflow dbt
    snowflake spark hadoop postgres postgresql mysql mariadb oracle mongodb redis elasticsearch docker kubernetes
    terraform ansible prometheus alertmanager loki grafana ceph haproxy linux git gitlab azure aws figma markdown
    playwright openapi graphql matlab excel sap fiori odata""",
    )
) | {"spring boot", "argo cd", "sql server", "modbus rtu", "google cloud", "react native", "sap fiori"}

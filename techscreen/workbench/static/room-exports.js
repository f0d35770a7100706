// What was noted, as files for other tools: a session and the questions it began with come in, a text goes out.
//
// Ratings are those that the interviewer has chosen; nothing is added up. What was not noted is null or left out.

import { clock, elapsedOf } from "./room-timer.js";

const GREENHOUSE = { 1: "definitely_not", 2: "no", 3: "yes", 4: "strong_yes" };
const RECOMMENDATIONS = { strong_no: 1, no: 2, yes: 3, strong_yes: 4 };
const ANCHORS = { 1: "low", 2: "mid", 3: "mid", 4: "high" };
const ANCHOR_PLACES = ["low", "mid", "high"];
// What a spreadsheet would take for a formula, with the apostrophes that may stand before it anyway.
const FORMULA = /^'*(?:\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])/;
const BYTE_ORDER_MARK = "\ufeff";

/** The files that can be downloaded, by name: the end of the file's name, its type, and what writes it. */
export const FILES = {
  greenhouse: { name: "Greenhouse", ending: "greenhouse.json", type: "application/json", write: greenhouse },
  lever: { name: "Lever", ending: "lever.json", type: "application/json", write: lever },
  ashby: { name: "Ashby", ending: "ashby.json", type: "application/json", write: ashby },
  csv: { name: "CSV", ending: "csv", type: "text/csv", write: csv },
};

/** Have the browser save a file of its own making. */
export function download(name, session, data) {
  const file = FILES[name];
  const address = URL.createObjectURL(new Blob([file.write(session, data)], { type: `${file.type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = address;
  link.download = fileName(session, data.interview, file.ending);
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** A scorecard as Greenhouse's Harvest API shows one. A question is a skill, its rating one of Greenhouse's own. */
export function greenhouse(session, data) {
  const attributes = session.answers.map((answer, index) => ({
    name: data.questions[index].topic,
    type: "Skills",
    note: answer.notes.trim() || null,
    rating: GREENHOUSE[answer.rating] ?? "no_decision",
  }));
  const rated = (rating) => attributes.filter((each) => each.rating === rating).map((each) => each.name);
  return asJson({
    id: null,
    interview: data.forms.name,
    candidate_id: null,
    application_id: null,
    interviewed_at: session.date || null,
    submitted_by: { id: null, name: session.interviewer || null, employee_id: null },
    submitted_at: null,
    overall_recommendation: GREENHOUSE[RECOMMENDATIONS[session.recommendation]] ?? "no_decision",
    attributes,
    ratings: Object.fromEntries(
      ["definitely_not", "no", "mixed", "yes", "strong_yes"].map((rating) => [rating, rated(rating)]),
    ),
    questions: [
      { id: null, question: "Key Take-Aways", answer: session.notes.reasons.trim() || null },
      ...answersForGreenhouse(session, data),
    ],
    techscreen: about(session, data),
  });
}

// The questions are those that were exported, in their order: of each the instruction, its criteria, anchors and notes.
function answersForGreenhouse(session, { questions, forms }) {
  const { scorecard_questions: exported, scorecard_question_options: options } = forms.greenhouse;
  const answers = questions.flatMap((question, index) => {
    const { ticked, rating, notes } = session.answers[index];
    const anchor = (exportedQuestion) =>
      options.find((option) =>
        option.question_sort_order === exportedQuestion.sort_order &&
        option.priority === ANCHOR_PLACES.indexOf(ANCHORS[rating]))?.name ?? null;
    return [() => undefined, ...ticked.map((is) => () => (is ? "Yes" : null)), anchor, () => notes.trim() || null];
  });
  return exported
    .map((each, place) => ({ id: null, question: each.question, answer: answers[place]?.(each) }))
    .filter((each) => each.answer !== undefined);
}

/** Feedback as Lever shows it, with the fields of the exported template, and the rating from 1 to 4 beside them. */
export function lever(session, data) {
  const { fields, ...template } = data.forms.lever;
  const answered = data.questions.flatMap((question, index) => {
    const [criteria, anchors, notes] = fields.slice(3 * index, 3 * index + 3);
    const answer = session.answers[index];
    const ticked = (criteria.options ?? []).filter((_, place) => answer.ticked[place]).map((option) => option.text);
    const place = ANCHOR_PLACES.indexOf(ANCHORS[answer.rating]);
    return [
      { ...criteria, value: criteria.options ? ticked : null },
      { ...anchors, value: anchors.options[place]?.text ?? null },
      ratingForLever(question, answer),
      { ...notes, value: answer.notes.trim() || null },
    ];
  });
  const overall = fields.at(-1);
  const option = overall.options[4 - RECOMMENDATIONS[session.recommendation]];
  return asJson({
    type: "interview",
    text: template.text,
    instructions: template.instructions,
    baseTemplateId: null,
    interview: null,
    panel: null,
    user: null,
    createdAt: session.beganAt,
    completedAt: null,
    fields: [
      ...answered,
      { type: "textarea", text: "Reasons", description: "", required: false, value: session.notes.reasons.trim() || null },
      { ...overall, value: option?.text ?? null },
    ],
    techscreen: about(session, data),
  });
}

function ratingForLever(question, answer) {
  const options = ["1", "2", "3", "4"].map((text) => ({ text }));
  const value = answer.rating in ANCHORS ? String(answer.rating) : null;
  const text = `${question.number}. Rating 1 to 4`;
  return { type: "multiple-choice", text, description: "", required: false, options, value };
}

/** The body of Ashby's `applicationFeedback.submit`, for the exported form and a score for each question beside it. */
export function ashby(session, data) {
  const { sections } = data.forms.ashby.formDefinition;
  const last = sections.at(-1);
  const submissions = data.questions.flatMap((question, index) => ashbyValues(question, session.answers[index]));
  const recommendation = RECOMMENDATIONS[session.recommendation];
  if (recommendation) submissions.push({ path: "overall_recommendation", value: String(recommendation) });
  if (session.notes.reasons.trim()) submissions.push({ path: "reasons", value: plainText(session.notes.reasons) });
  return asJson({
    note: "Fill in the ids. The form has the paths that were exported, a Score question_<number>_score and a RichText reasons.",
    applicationId: null,
    interviewEventId: null,
    userId: null,
    formDefinitionId: null,
    feedbackForm: { fieldSubmissions: submissions },
    formDefinition: {
      sections: [
        ...data.questions.map((question, index) => withField(sections[index], scoreField(question))),
        withField(last, field("RichText", "reasons", "Reasons")),
      ],
    },
    techscreen: about(session, data),
  });
}

function ashbyValues(question, { ticked, rating, notes }) {
  const path = `question_${question.number}`;
  const values = ticked.map((is, place) => is && { path: `${path}_criterion_${place + 1}`, value: true }).filter(Boolean);
  if (rating in ANCHORS) {
    values.push({ path: `${path}_rating`, value: ANCHORS[rating] });
    values.push({ path: `${path}_score`, value: { score: Number(rating) } });
  }
  if (notes.trim()) values.push({ path: `${path}_notes`, value: plainText(notes) });
  return values;
}

const plainText = (text) => ({ type: "PlainText", value: text.trim() });
const field = (type, path, title) => ({
  isRequired: false,
  descriptionPlain: "",
  field: { type, path, title, isNullable: true },
});
const scoreField = (question) => field("Score", `question_${question.number}_score`, "Rating 1 to 4");
const withField = (section, added) => ({ ...section, fields: [...section.fields, added] });

const COLUMNS = [
  "req_id", "title", "interview_name", "version", "candidate", "date", "time", "place", "interviewer", "panel",
  "question_number", "topic", "item", "name", "description", "value",
];

/** A table with one row for each thing that was or could have been noted (RFC 4180, with a mark that it is UTF-8). */
export function csv(session, data) {
  const { interview } = data;
  const common = [
    interview.req_id, interview.title, interview.name, interview.version, session.candidate, session.date, session.time,
    session.place, session.interviewer, session.panel,
  ];
  const rows = [
    ["", "", "agreed", "", "", session.notes.opening],
    ...data.questions.flatMap((question, index) => rowsOf(question, session.answers[index])),
    ["", "", "candidate_questions", "", "", session.notes.closing],
    ["", "", "next_by", "", "", session.next_by],
    ["", "", "next_from", "", "", session.next_from],
    ["", "", "recommendation", "", "", session.recommendation ?? ""],
    ["", "", "reasons", "", "", session.notes.reasons],
  ];
  const lines = [COLUMNS, ...rows.map((row) => [...common, ...row])];
  return BYTE_ORDER_MARK + lines.map((cells) => `${cells.map(cell).join(",")}\r\n`).join("");
}

function rowsOf(question, answer) {
  const used = elapsedOf(answer.timer, Date.now());
  const row = (item, name, description, value) => [question.number, question.topic, item, name, description, value];
  return [
    ...question.probes.map((probe, place) => row("probe", "", probe, answer.asked[place] ? "asked" : "")),
    ...question.criteria.map(({ name, description }, place) =>
      row("criterion", name, description, answer.ticked[place] ? "yes" : "")),
    row("notes", "", "", answer.notes),
    row("time_used", "", "", used ? clock(used) : ""),
    row("rating", "", question.anchors[ANCHORS[answer.rating]] ?? "", answer.rating ?? ""),
  ];
}

function cell(value) {
  const text = String(value);
  return `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
}

// What none of the forms has a place for.
function about(session, { interview, questions }) {
  return {
    candidate: session.candidate,
    date: session.date || null,
    time: session.time || null,
    place: session.place || null,
    interviewer: session.interviewer || null,
    panel: session.panel || null,
    interview_id: interview.id,
    req_id: interview.req_id,
    version: interview.version,
    status: interview.status,
    agreed: session.notes.opening.trim() || null,
    candidate_questions: session.notes.closing.trim() || null,
    next_by: session.next_by || null,
    next_from: session.next_from || null,
    recommendation: session.recommendation,
    questions: questions.map((question, index) => ({
      number: question.number,
      rating: session.answers[index].rating,
      seconds: Math.round(elapsedOf(session.answers[index].timer, Date.now()) / 1000),
      probes_asked: question.probes.filter((_, place) => session.answers[index].asked[place]),
    })),
  };
}

const asJson = (content) => `${JSON.stringify(content, null, 2)}\n`;

function fileName(session, interview, ending) {
  const plain = (text) => text.replace(/[^\p{L}\p{N}_]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 60);
  return ["scorecard", plain(interview.req_id), `v${interview.version}`, plain(session.candidate)]
    .filter(Boolean).join("-") + `.${ending}`;
}

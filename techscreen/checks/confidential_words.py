"""Which words of a question are confidential to its requisition: a question with any is not lent to others.

A requisition's own addresses, mailboxes, telephone numbers, sums of money, keys and codenames are confidential, and so
are the names of its employer, products and people. Beyond that, anything that looks like a real address, mailbox or key
is, wherever it comes from. Names reserved for examples, loopback and made-up private addresses are not: exercises need
them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from techscreen.checks.entity_names import distinctive_words, names_in, without_addresses
from techscreen.checks.findings import Finding
from techscreen.topics.matching import canonical_technology

MAX_CHARACTERS = 100_000
MAX_FINDINGS = 20
MAX_CODENAMES = 50

# category: what it is
KINDS = {
    "address": "an address",
    "contact": "a mailbox or telephone number",
    "money": "a sum of money of the requisition",
    "secret": "something like a key or password",
    "name": "a name of the requisition",
}

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})"
_URL = re.compile(
    rf"(?<![\w.+-])[A-Za-z][A-Za-z0-9+.-]{{1,15}}://(?:[^\s/@<>\"'`]{{1,80}}@)?({_LABEL}(?:\.{_LABEL}){{0,8}})"
    r"(?::\d{1,5})?(/[^\s<>\"'`)\]}]{0,200})?"
)
_BARE_HOST = re.compile(rf"(?<![\w.@/-]){_LABEL}(?:\.{_LABEL}){{1,8}}(?![\w@])")
_BARE_ADDRESS = re.compile(rf"{_BARE_HOST.pattern}(?::\d{{1,5}})?(?:/[^\s<>\"'`)\]}}]{{0,200}})?")
# A version ends in digits ("react@18.2.0"), and no domain ends in one letter.
_MAIL = re.compile(
    rf"(?<![\w.+-])[\w.+-]{{1,64}}@({_LABEL}(?:\.{_LABEL}){{0,5}}\.[A-Za-z][A-Za-z-]{{0,22}}[A-Za-z])(?![\w-]|\.\w)"
)
_FILE_ENDINGS = (".js", ".ts", ".tsx", ".jsx", ".mjs", ".json", ".yml", ".yaml", ".latest", ".next")
_NUMBERS_OF_NETS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(/\d{1,3})?(?![\w:])"
)
# A number before one of these is a count, neither a telephone number nor a sum.
_COUNTED = re.compile(
    r"[ \u00a0]?(?:(?:more|new|active|daily|concurrent|monthly|open) )?(?:rows?|records?|events?|users?|requests?|messages?"
    r"|orders?|items?|entries|customers?|transactions?|lines?|bytes|documents?|files?|tables?|devices?|sensors?|keys?"
    r"|queries|calls?|jobs?|tasks?|sessions?|products?|accounts?|visits?|visitors?|clicks?|points?|pods?|nodes?|ms\b"
    r"|zeilen|datensätze|nutzer|anfragen|nachrichten|ereignisse|filas|registros|usuarios|eventos|solicitudes|per\b|/)",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?<![\w.,:/-])(?:\+|\(?0|(?=\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}\b))[\d(][\d ()./-]{5,20}\d(?!\w)")
_KEY = re.compile(
    r"(?<![\w-])(?:(?:sk|pk|rk)[-_][\w-]{16,200}|(?:AKIA|ASIA)[0-9A-Z]{12,20}|gh[pousr]_\w{20,100}|github_pat_\w{20,100}"
    r"|xox[abprs]-[\w-]{10,200}|AIza[\w-]{20,60}|glpat-[\w-]{15,60}|eyJ[\w-]{10,400}\.eyJ[\w-]{10,400})"
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY"
)
_LONG_TOKEN = re.compile(r"(?<![\w+=-])[\w+=-]{12,200}(?![\w+=-])")
_PASSWORD = re.compile(
    r"(?<!\w)(?:password|passwd|pwd|passphrase|secret|token|api[ _-]?key|access[ _-]?key|passwort|kennwort|contraseña|clave)"
    r"[\"']?\s{0,3}(?:[:=]|is\b|ist\b|es\b)\s{0,3}[\"'`“„]?([^\s\"'`“”,;<>]{6,100})",
    re.IGNORECASE,
)
_CURRENCY = (
    r"(?:€|US\$|\$|£|¥|₹|(?<![A-Za-z])(?:EUR|USD|GBP|CHF|SEK|NOK|DKK|PLN|JPY|INR|CAD|AUD|(?:euros?|dollars?|pounds?|francs?"
    r"|franken|rupees|dólares|libras)(?![a-z])))"
)
_AMOUNT = r"(\d{1,12}(?:[.,'’\u00a0\u202f ]\d{3}(?!\d)){0,4}(?:[.,]\d{1,2}(?!\d))?)"
_SCALE = (
    r"[ \u00a0]?(k|m|mm|bn|mio\.?|mrd\.?|tsd\.?|thousand|million(?:en|es)?|millón|billion|milliarden?|mil)?(?![A-Za-z])"
)
_SUM = re.compile(
    rf"(?<![\w.,])({_CURRENCY}[ \u00a0]?)?{_AMOUNT}{_SCALE}"
    rf"(?:\s?(?:-|–|—|to|bis|and|und|y|a)\s?(?:{_CURRENCY}[ \u00a0]?)?{_AMOUNT}{_SCALE})?([ \u00a0]?{_CURRENCY})?",
    re.IGNORECASE,
)
_SCALES = ((r"k|t.*|mil", 3), (r"b.*|mrd.*|milliard.*", 9), (r"m.*", 6))
_MONEY_WORD = re.compile(
    r"budget|salar|revenue|turnover|price|cost|spend|funding|invest|\bpa(?:y|id)|gehalt|umsatz|kosten|preis|presupuesto|sueldo",
    re.IGNORECASE,
)
_CAPITAL = r"[A-ZÀ-ÖØ-Þ][\w-]{2,40}"
# The words before it introduce a codename. A word that is only capitalised after them must be distinctive.
_SAID_CODENAME = re.compile(
    rf"(?i:\bcode-?\s?named?|\binternally (?:called|known as|named)|\bdeckname|\bintern genannt|\bnombre en clave)"
    rf"(?i:\s(?:is|ist|es|of the \w{{1,20}}))?[:,]?\s{{1,3}}[“„\"'«]?({_CAPITAL}(?:[ -]{_CAPITAL}){{0,2}})"
)
_PROJECT = re.compile(
    rf"(?i:\b(?:project|programme|program|operation|initiative|projekt|proyecto))\s[“„\"'«]?({_CAPITAL})"
)
_QUOTED = re.compile(rf"[“„\"«]({_CAPITAL}(?: {_CAPITAL})?)[”“\"»]")

_PIECE = re.compile(r"[A-ZÀ-ÖØ-Þ]+(?![a-zß-öø-ÿ])|[A-ZÀ-ÖØ-Þ]?[a-zß-öø-ÿ]+|\d+|[^\W\d_A-Za-zÀ-ÖØ-öø-ÿ]+")

_RESERVED = re.compile(
    r"(?:.*\.)?(?:example(?:\.(?:com|org|net))?|test|invalid|localhost|localdomain|your-?(?:domain|company)\.\w+)"
)
_INTRANET = re.compile(r".+\..+\.(?:internal|intranet|intra|corp|lan|local|private)")
_NO_INTRANET = re.compile(
    r".*(?:svc\.cluster\.local|docker\.internal|google\.internal|compute\.internal|ec2\.internal)|(?:com|org|net|io|javax?|jdk|self|this)\..*"
)
# Names with one of these are parts of a program ("config.app.local"), not hosts.
_PROGRAM_WORDS = frozenset(
    "app bar baz cache cfg cls config context ctx data env environment foo item locale obj object options process props "
    "scope service session settings state store thread user value var variables window".split()
)
# Known to everybody, so not confidential unless the requisition names a page there.
_PUBLIC = frozenset(
    "w3.org schema.org json-schema.org openapis.org xmlsoap.org ietf.org rfc-editor.org owasp.org wikipedia.org "
    "android.com apache.org springframework.org spring.io python.org pypi.org npmjs.org npmjs.com mozilla.org "
    "kubernetes.io k8s.io docker.io docker.com ghcr.io gcr.io quay.io github.com gitlab.com bitbucket.org "
    "githubusercontent.com googleapis.com google.com amazonaws.com amazon.com azure.com windows.net microsoft.com "
    "cloudflare.com stripe.com paypal.com jsdelivr.net unpkg.com gmail.com outlook.com".split()
)
_ENDINGS = frozenset(
    "com org net io dev app cloud ai co eu de at ch fr es it nl be pl se no dk fi uk us ca in jp au br mx info biz".split()
)


class Confidential:
    """What is confidential in one requisition; made once for all of its questions.

    Args:
        requisition: its texts by field.
    """

    def __init__(self, requisition: Mapping[str, str | None]) -> None:
        texts = [text for text in requisition.values() if text]
        text = "\n\n".join(texts)[:MAX_CHARACTERS]
        self._urls = {_address(url) for url in _URL.finditer(text) if url[2] and len(url[2]) > 1}
        self._hosts = set(_hosts_of(text))
        self._networks = list(_networks_of(text))
        self._phones = {digits for phone in _PHONE.finditer(text) if (digits := _phone_digits(phone, text))}
        self._sums = {value for _, value, has_currency in _sums(text) if has_currency}
        self._secrets = set(_secrets_of(text))
        # The employer's name in a host or path must not make it an ordinary word.
        prose = [unicodedata.normalize("NFC", _BARE_ADDRESS.sub(" ", _URL.sub(" ", text))) for text in texts]
        names = {*names_in(prose), *_codenames_of("\n\n".join(prose)[:MAX_CHARACTERS])}
        self._foreign = {name for name in names if not _pieces(name) or max(name) >= "\u2e80"}
        self._names = {
            form for name in names - self._foreign for form in (_pieces(name), _pieces(name).replace(" ", ""))
        }

    def any_in(self, texts: Iterable[str]) -> bool:
        """Whether one of the texts contains anything confidential. Searching all of them at once settles most cases."""
        texts = list(texts)
        return self._look("\n\n".join(texts)) and any(map(self._look, texts))

    def findings_in(self, text: str) -> list[Finding]:
        """The confidential places in a text, in the order of the text, at most MAX_FINDINGS."""
        findings: list[Finding] = []
        for start, end, category in sorted(set(self._places(text)), key=lambda place: (place[0], -place[1], place[2])):
            if not findings or start >= findings[-1].end:
                reason = (
                    f"This is {KINDS[category]}, so the question is kept for this requisition and not lent to others."
                )
                suggestion = "Use a neutral word, or leave it where candidates may know it."
                findings.append(Finding("confidential", category, text[start:end], reason, suggestion, start, end))
        return findings[:MAX_FINDINGS]

    def _look(self, text: str) -> bool:
        return next(self._places(text), None) is not None

    def _places(self, text: str) -> Iterator[tuple[int, int, str]]:
        text = text[:MAX_CHARACTERS]
        yield from self._addresses(text)
        yield from self._contacts(text)
        yield from self._keys(text)
        for match, value, has_currency in _sums(text):
            if value in self._sums and (has_currency or _is_telling(value, match, text)):
                yield *match.span(), "money"
        yield from self._named(text)

    def _addresses(self, text: str) -> Iterator[tuple[int, int, str]]:
        for url in _URL.finditer(text) if "://" in text else ():
            host = url[1].lower()
            own = self._is_own(host) or _address(url) in self._urls
            if own or ("." in host and not host[-1].isdigit() and not _is_generic(host)):
                yield *url.span(), "address"
        for bare in _BARE_HOST.finditer(text) if "." in text else ():
            host = bare.group().lower()
            if self._is_own(host) or _is_intranet(host):
                yield *bare.span(), "address"
        for number in _NUMBERS_OF_NETS.finditer(text) if self._networks else ():
            found = _network(number.group())
            if found and any(found.version == own.version and found.overlaps(own) for own in self._networks):
                yield *number.span(), "address"

    def _is_own(self, host: str) -> bool:
        return host in self._hosts or any(host.endswith(f".{own}") for own in self._hosts)

    def _contacts(self, text: str) -> Iterator[tuple[int, int, str]]:
        for mail in _MAIL.finditer(text) if "@" in text else ():
            if _is_mailbox(mail, text) or self._is_own(mail[1].lower()):
                yield *mail.span(), "contact"
        for phone in _PHONE.finditer(text):
            digits = _phone_digits(phone, text)
            if digits and (digits in self._phones or _is_international(phone.group())):
                yield *phone.span(), "contact"

    def _keys(self, text: str) -> Iterator[tuple[int, int, str]]:
        for key in _KEY.finditer(text):
            if any(map(str.isdigit, key.group())) or key.group().startswith("---"):
                yield *key.span(), "secret"
        for token in _LONG_TOKEN.finditer(text):
            if _is_random(token.group()):
                yield *token.span(), "secret"
        for secret in self._secrets:
            start = text.find(secret)
            if start >= 0:
                yield start, start + len(secret), "secret"

    def _named(self, text: str) -> Iterator[tuple[int, int, str]]:
        for name in self._foreign:
            start = text.find(name)
            if start >= 0:
                yield start, start + len(name), "name"
        if not self._names:
            return
        pieces = list(_PIECE.finditer(text))
        joined = f" {' '.join(piece.group().casefold() for piece in pieces)} "
        for name in self._names:
            place = joined.find(f" {name} ")
            if place >= 0:
                first = joined.count(" ", 0, place)
                yield pieces[first].start(), pieces[first + name.count(" ")].end(), "name"


# ------------------------------------------------------------------------------- of a requisition


def _hosts_of(text: str) -> Iterator[str]:
    """The hosts that a requisition names, and its own domains."""
    named = [url[1].lower() for url in _URL.finditer(text)]
    mailboxes = [mail[1].lower() for mail in _MAIL.finditer(text)]
    bare = [match.group() for match in _BARE_HOST.finditer(text)]
    # "Socket.IO", "app.py" and the end of one sentence with the start of the next are not hosts.
    named += [host for host in bare if host.islower() and _could_be_host(host) and canonical_technology(host) is None]
    for host in (*named, *mailboxes):
        if _RESERVED.fullmatch(host) or host[-1].isdigit():
            continue
        domain = _domain(host)
        if domain not in _PUBLIC:
            yield domain
        elif host != domain and host in named and not host.startswith(("www.", "api.", "docs.")):
            yield host


def _could_be_host(host: str) -> bool:
    return host.rsplit(".", 1)[-1] in _ENDINGS or _INTRANET.fullmatch(f"x.{host}") is not None


def _domain(host: str) -> str:
    labels = host.split(".")
    is_second_level = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in ("co", "com", "org", "ac", "gov")
    return ".".join(labels[-3 if is_second_level else -2 :])


def _is_generic(host: str) -> bool:
    return bool(_RESERVED.fullmatch(host)) or _domain(host) in _PUBLIC or bool(_NO_INTRANET.fullmatch(host))


def _address(url: re.Match[str]) -> str:
    return f"{url[1].lower()}{(url[2] or '').rstrip('/.,;:')}"


def _networks_of(text: str) -> Iterator[IPv4Network | IPv6Network]:
    for number in _NUMBERS_OF_NETS.finditer(text):
        found = _network(number.group(), around=True)
        if found and found.prefixlen >= 12 and not (found.is_loopback or found.is_unspecified):
            yield found


def _network(number: str, *, around: bool = False) -> IPv4Network | IPv6Network | None:
    """An address as a network of one. With `around`, a private address without a prefix stands for its /24."""
    try:
        if "/" in number or not around:
            return ip_network(number, strict=False)
        address = ip_address(number)
        return ip_network(f"{number}/24" if address.version == 4 and address.is_private else number, strict=False)
    except ValueError:
        return None


def _is_intranet(host: str) -> bool:
    if not _INTRANET.fullmatch(host) or _NO_INTRANET.fullmatch(host):
        return False
    return not host.endswith((".local", ".private")) or _PROGRAM_WORDS.isdisjoint(host.split("."))


def _is_mailbox(mail: re.Match[str], text: str) -> bool:
    """Whether it is a real mailbox, not a package with its version or an example."""
    host = mail[1].lower()
    is_package = text[max(0, mail.start() - 1) : mail.start()] in ("/", "@") or host.endswith(_FILE_ENDINGS)
    return not is_package and not _RESERVED.fullmatch(host) and not mail.group().startswith("git@")


def _phone_digits(match: re.Match[str], text: str) -> str:
    """The last digits of a telephone number, which every way of writing it has; "" if it is not one."""
    phone = match.group()
    digits = re.sub(r"\D", "", phone)
    is_count = digits.endswith("000000") or _COUNTED.match(text, match.end())
    return digits[-7:] if 8 <= len(digits) <= 15 and not phone.isdigit() and not is_count else ""


def _is_international(phone: str) -> bool:
    """Whether a number has a country code. Numbers with 555 are fictitious."""
    return phone[0] == "+" and phone[1:2] not in ("0", "") and "555" not in phone


def _secrets_of(text: str) -> Iterator[str]:
    for assigned in _PASSWORD.finditer(text):
        value = assigned[1].rstrip(".)]")
        if len(value) >= 6 and re.search(r"[\d!#$%^&*+=]", value):
            yield value
    for key in _KEY.finditer(text):
        yield key.group()
    for token in _LONG_TOKEN.finditer(text):
        if _changes(token.group()) >= 3:
            yield token.group()


def _is_random(token: str) -> bool:
    """Whether a token is too random to be a name: long, with upper case, lower case and digits all mixed."""
    return len(token) >= 20 and _changes(token) >= 4 and not token.islower() and not token.isupper()


def _changes(token: str) -> int:
    """How often a token goes from letters to digits and back."""
    return len(re.findall(r"[A-Za-z]\d|\d[A-Za-z]", token)) + len(re.findall(r"(?<=\d)[A-Za-z](?=\d)", token))


def _codenames_of(text: str) -> Iterator[str]:
    said = [match[1] for match in _SAID_CODENAME.finditer(text)][:MAX_CODENAMES]
    lower = set(re.findall(r"[^\W\d_]+", without_addresses(text)))
    for name in said:
        if name.lower() not in lower and canonical_technology(name) is None:
            yield name
    maybe = [match[1] for pattern in (_PROJECT, _QUOTED) for match in pattern.finditer(text)][:MAX_CODENAMES]
    words = [word for name in maybe for word in name.split()]
    distinctive = distinctive_words(words, text) if words else frozenset()
    for name in maybe:
        if all(word in distinctive for word in name.split()) and canonical_technology(name) is None:
            yield name


# -------------------------------------------------------------------------------------- amounts


class _Sum(NamedTuple):
    match: re.Match[str]
    value: Decimal
    has_currency: bool


def _sums(text: str) -> Iterator[_Sum]:
    """Every number of a text as a sum; for a range such as "90-120k EUR" both ends."""
    for match in _SUM.finditer(text):
        before, number, scale, second, second_scale, after = match.groups()
        has_currency = bool(before or after) or bool(second and re.search(_CURRENCY, match.group(), re.IGNORECASE))
        yield _Sum(match, _value(number, scale or second_scale), has_currency)
        if second:
            yield _Sum(match, _value(second, second_scale), has_currency)


def _value(number: str, scale: str | None) -> Decimal:
    whole, fraction = number, ""
    decimal = re.search(r"[.,](\d{1,2})$", number)
    if decimal:
        whole, fraction = number[: decimal.start()], decimal[1]
    value = Decimal(re.sub(r"\D", "", whole) + ("." + fraction if fraction else ""))
    word = (scale or "").lower()
    power = next((power for words, power in _SCALES if re.fullmatch(words, word)), 0)
    return (value * Decimal(10) ** power).normalize()


def _is_telling(value: Decimal, match: re.Match[str], text: str) -> bool:
    """Whether a number without a currency is a sum and not a count: a word for money is near it."""
    if value < 1_000 or _COUNTED.match(text, match.end()):
        return False
    near = text[max(0, match.start() - 60) : match.end() + 60]
    return _MONEY_WORD.search(near) is not None


def _pieces(name: str) -> str:
    """The words of a name in lower case, which are the same for "BluefinLedger" and "bluefin_ledger"."""
    return " ".join(piece.group().casefold() for piece in _PIECE.finditer(name))

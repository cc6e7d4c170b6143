"""Every text that a report prints, and what makes a foreign text safe to print: no formula, no control character."""

from __future__ import annotations

import re

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, the marks that turn the direction of text, which can make a name look like another, and halves
of a letter, which a file name that is not UTF-8 brings and no file of ours can hold."""


def plain(text: str) -> str:
    """Return a text without control characters; line breaks become spaces."""
    return _CONTROL.sub("�", re.sub(r"[\r\n\t]+", " ", text)).strip()


def cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    text = plain(text)
    return "'" + text if text.startswith(FORMULA_STARTS) else text


# ---- what is counted

PEOPLE, FEMALE, MALE, UNDECIDED = "people", "female", "male", "undecided"
PERSON = "person"
IN, OUT, WATCHED = "in", "out", "watched"
APPEAR_FEMALE, APPEAR_MALE = "appear female", "appear male"
NO_NAME = "Count of people"
MISSING = "–"
"""Stands for a figure of a time in which nobody watched, which is not 0."""

# ---- charts

PEOPLE_BY_THE_CLOCK, AGE_BY_GENDER = "People by the clock", "Age by gender"
AGE_AXIS = "Age (years), appears"
AGES_DESCRIPTION = "Women to the left, men to the right."
NOT_WATCHED, NOT_SHOWN = "not watched", "too few to show"
TIME_OF_DAY, DAY_AND_TIME = "Time of day", "Day and time"


GROWTH, GROWTH_AXIS, IN_ALL = "How the count grew", "People so far, by the clip’s time", "in all"


def growth_description(people: int, seconds: float) -> str:
    return f"{people} people after {seconds:.0f} seconds."


def arrivals_axis(minutes: int) -> str:
    return f"People, every {length_words(minutes)}"


def length_words(minutes: int) -> str:
    """Return the length of an interval: "15 min", "day" or "7 days"."""
    days, rest = divmod(minutes, 1440)
    return f"{minutes} min" if rest or not days else "day" if days == 1 else f"{days} days"


def arrivals_description(peak: int | str) -> str:
    return f"The most in one interval: {peak}."


# ---- the page

NOBODY_CAME = "Nobody came"
NOTHING_CORRECTED = "Nothing was corrected by hand"
CONDENSED = "The rows of single people were removed; the numbers of each interval are left"
UNDECIDED_MEANS = "“Undecided” means that the picture did not allow an answer."
SHARES_ARE_ROUNDED = "Shares are rounded, equal numbers alike, and need not add up to 100%."
MISSING_MEANS = f"“{MISSING}” means that nobody watched."
PRIVACY = "No picture and no face descriptor was stored. People are counted as they appear, in aggregate."
PRIVACY_WITH_PICTURES = (
    "On the operator's request pictures were stored, in files of their own; no face descriptor was. People are counted "
    "as they appear, in aggregate."
)


def privacy(holds_pictures: bool) -> str:
    """Return the sentence on privacy, which is a true one also where a video or a snapshot was saved."""
    return PRIVACY_WITH_PICTURES if holds_pictures else PRIVACY


def suppressed(below: int) -> str:
    """Return what the marks of hidden figures mean."""
    return f"“<{below}” and “x” stand for figures that could tell of single people."


def watched(watched: str, planned: str) -> str:
    return f"Watched {part_of(watched, planned)}"


def most_came(when: str, people: int | str, minutes: int) -> str:
    """`when` is "at 09:00" or "on 12 May"."""
    words = length_words(minutes)
    return f"Most came {when}: {people} in {'a day' if words == 'day' else words}"


def corrections(number: int, people: int, female: int, male: int) -> str:
    return f"{number} correction{'s' * (number > 1)} by hand; before: {counts(people, female, male)}"


def line_figures(name: str, door: str, into: int | str, out: int | str) -> str:
    return f"{name} ({door}): {into} in, {out} out"


def zone_figures(name: str, visits: int | str, stay_s: float | None) -> str:
    return f"{name}: {visits} visit{'s' * (visits != 1)}{'' if stay_s is None else f', {stay_s:.0f} s on average'}"


def more_places(number: int) -> str:
    return f"And {number} more {'line or zone' if number == 1 else 'lines and zones'}: see the tables"


def inside(number: int) -> str:
    return f"Inside at the end, by the lines: {number}"


def door_people(name: str, people: int | str) -> str:
    return f"{name}: {people} {'person' if people == 1 else 'people'}"


_CLOCKS = {
    "live": "as it was counted live",
    "operator": "as the operator said",
    "container": "as the video file says",
    "file time": "as the file's own time says",
    "opened": "when the count was started, as the recording has no time",
}


def clock_words(clock: str) -> str:
    """Return how the times are known, from `DoorStarted.clock`."""
    return _CLOCKS.get(clock, clock)


def made_by(program: str, models: str, clocks: str) -> str:
    return f"{program}{', ' + models if models else ''}.{' Times: ' + clocks + '.' if clocks else ''}"


def identity(session_id: str, digest: str) -> str:
    return f"Session {session_id}. SHA-256 of its log: {digest}"


# ---- the check by eye

NOT_CHECKED = "The count at this door was not checked against people's eyes."
COUNT_IS_RIGHT = "The number of people is right within 5%, with 95% confidence."
ALL_CHECKED = "Everybody was checked."
MORE_HELPS = "Checking more people narrows the interval."
MORE_DOES_NOT_HELP = "Checking more people would not help much: the interval would hardly narrow."


def checked_by_eye(checked: int, counted: int) -> str:
    return f"Checked by eye: {checked:,} of {counted:,} people."


def women_between(low: float, high: float, *, agrees: bool) -> str:
    end = ", which agrees with the split counted." if agrees else "."
    return f"Women {100 * low:.0f} to {100 * high:.0f}% (95% interval){end}"


def true_number(low: int, high: int, counted: int) -> str:
    return f"The true number of people is {low:,} to {high:,} (95% interval); {counted:,} were counted."


def check_at_least(number: int) -> str:
    return f"Check at least {number} people: fewer say little."


# ---- the summary of the workbook and of the command line

SUMMARY = "Summary"
OCCASION, PLACE, NOTE, WHEN, TIME_ZONE, DOOR, CLOCK = "Occasion", "Place", "Note", "When", "Time zone", "Door", "Times"
BEFORE_CORRECTIONS, CORRECTIONS, CHECK = "Before corrections", "Corrections", "Check by eye"
DETECTOR_AND_MODEL, HIDDEN_FIGURES, CONDENSED_ROWS = "Detector and model", "Hidden figures", "Condensed"
PROGRAM, DIGEST, PRIVACY_TITLE = "Program", "Digest of the log", "Privacy"


def counts(people: int, female: int, male: int) -> str:
    return f"{people} people, {female} female, {male} male"


def part_of(part: str, whole: str) -> str:
    return f"{part} of {whole}"


def door_people_from(name: str, people: int | str, source: str) -> str:
    return f"{door_people(name, people)}, from {source}"


# ---- two counts beside each other


def compared_with(name: str) -> str:
    return f"Compared with “{name}”"


FROM_THE_BEGINNING = "The two counts were at different times of the day: the rows count from the beginning of each."


def again(clock: str) -> str:
    """Return a time of the hour that comes a second time when the clocks are set back."""
    return f"{clock} again"


def on_day(clock: str, day: int) -> str:
    """Return a time of a later day of an occasion; the first is day 1."""
    return f"{clock} (day {day})"


TOO_FEW_TO_COMPARE = "There are too few people whose gender is known to compare the shares."
DIFFERENCE = "difference"


def share_difference(first: float, second: float, low: float, high: float) -> str:
    """Return what the two shares of women, and the interval of their difference, mean in words. All from 0 to 1."""
    points = 100 * (first - second)
    shown = round(abs(points))
    text = f"Women {100 * first:.0f}% here, {100 * second:.0f}% there: "
    text += f"{shown} point{'s' * (shown != 1)} {'more' if points > 0 else 'fewer'}" if shown else "the same"
    text += f" (95% interval {100 * low:+.0f} to {100 * high:+.0f})"
    return text + (", which is more than chance alone brings." if low > 0 or high < 0 else ", which can be chance.")


def people_difference(first: int, second: int) -> str:
    change = f", {100 * (first - second) / second:+.0f}%" if second and first != second else ""
    return f"{first:,} {'person' if first == 1 else 'people'} here, {second:,} there{change}."


# ---- the privacy receipt

RECEIPT = "Privacy receipt"
RECEIPT_INTRO = (
    "What this count stored and where it connected to, read from its log. Nothing else was written or sent while it "
    "counted; reports that were saved from it later are not listed."
)
RECEIPT_KEPT = "What was kept"
RECEIPT_FILES = "Files written while it counted"
RECEIPT_CONNECTIONS = "Connections made"
RECEIPT_NOT_STORED = "What was not stored"
NO_FILES = "None but the database above."
NO_CONNECTIONS = "None. The pictures came from this computer."
NO_PICTURE = "No picture of anyone: pictures were looked at in memory and forgotten."
PICTURES_ON_REQUEST = "Pictures are in the files above only, which the operator asked for."
NO_DESCRIPTOR = (
    "No descriptor of a face or of clothes. Where somebody who comes back is recognised, it is held in memory only, "
    "and gone when the count ends."
)
NO_NAME_OF_ANYONE = "No name, address or other identity of anyone."


def kept_rows(rows: int | str, database: str) -> str:
    number = f"{rows:,}" if isinstance(rows, int) else rows
    return (
        f"{number} rows of numbers in {database} and its daily copies: for each person the time of counting, apparent "
        "gender and age, the time in view and the lines crossed."
    )


def kept_intervals(database: str) -> str:
    return f"In {database} and its daily copies: the numbers of each interval. {CONDENSED}."


def kept_for(days: int) -> str:
    if not days:
        return "They are kept until they are deleted."
    return f"After {days} day{'s' * (days > 1)} the rows of single people become numbers of intervals."


def connection(host: str) -> str:
    return f"{host}: the pictures were fetched from there. Nothing about the people was sent."


def receipt_identity(session_id: str, digest: str, program: str) -> str:
    return f"{program}. {identity(session_id, digest)}"


def and_more(number: int) -> str:
    return f"And {number} more."


# ---- the sign for the door

SIGN_TITLE = "People are counted here"
SIGN_MEASURED, SIGN_NOT_KEPT, SIGN_HOW_LONG = "What is measured", "What is not kept", "How long it is kept"
SIGN_PURPOSE, SIGN_BY, SIGN_CONTACT = "What for", "Who counts", "Questions, and how to object"
SIGN_MEASURED_TEXT = (
    "A camera looks at the entrance. A program counts how many people pass, when, and whether they appear female or "
    "male and of which age. It knows nobody's name and takes no decision about anyone."
)
SIGN_NOT_KEPT_TEXT = (
    "Pictures are looked at in the memory of one computer and forgotten at once. No picture and no description of a "
    "face is stored, and none leaves that computer. What is kept are numbers."
)
SIGN_CODE_PAGE = "More about it:"
SIGN_CODE_TEXT = "This text for your phone."


def sign_kept_for(days: int) -> str:
    if not days:
        return "The numbers are kept without names or pictures. Ask below for how long."
    return f"Single entries become sums of a quarter of an hour after {days} day{'s' * (days > 1)}; the sums are kept."

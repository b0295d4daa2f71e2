"""What invented passages say: things with attributes, how they are stated and how they are asked.

English data for reading comprehension come from few articles; who has seen nothing else refuses
what is written or asked otherwise. `{e}` stands for the thing, `{v}` for the value. A statement
begins with the thing's name or a word for it, so that it can follow another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["year", "count", "person", "place", "money", "length", "days", "reason", "thing"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a kind of thing."""

    kind: Kind
    statements: tuple[str, ...]
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of things: the words that may stand for its name, and its attributes."""

    names: tuple[str, ...]
    """Patterns; `{a}` and `{b}` are drawn from `NAMES`."""
    pronoun: str
    attributes: tuple[Attribute, ...]


NAMES: Final = (
    *(
        "Alder",
        "Brennan",
        "Calder",
        "Dunmore",
        "Eastlake",
        "Farrow",
        "Gilmour",
        "Harwick",
        "Irvine",
    ),
    *("Jessop", "Kestrel", "Lindqvist", "Marlow", "Norwood", "Okafor", "Pemberton", "Quill"),
    *("Ravenna", "Sato", "Tresco", "Ullman", "Varga", "Wexford", "Yarrow", "Zeller", "Amsel"),
    *("Botha", "Castellan", "Duarte", "Eriksen", "Fontaine", "Greco", "Haddad", "Ibsen", "Jansky"),
)
FIRST_NAMES: Final = (
    *("Anna", "Boris", "Clara", "David", "Elena", "Felix", "Grace", "Hugo", "Ines", "Jonas"),
    *("Karim", "Laura", "Mei", "Nadia", "Oscar", "Priya", "Rosa", "Simon", "Tara", "Victor"),
)
PLACES: Final = (
    *("Lisbon", "Nairobi", "Osaka", "Leeds", "Bergen", "Lima", "Denver", "Turin", "Gdansk"),
    *("Adelaide", "Quebec City", "Busan", "Cork", "Tampere", "Valencia", "Hanoi", "Graz", "Accra"),
)
REASONS: Final = (
    "the old site was flooded twice in ten years",
    "the number of visitors had doubled within a decade",
    "the previous contract had become too expensive",
    "an audit had found serious gaps in the records",
    "the machines used there were no longer safe to run",
    "most of its customers had moved abroad",
    "the council wanted to reduce traffic in the centre",
    "a new law required separate storage of personal data",
    "a shortage of copper had delayed the first plan",
    "its members could not agree on a common budget",
    "the soil proved too soft to carry a tall structure",
    "tests had shown that the paint cracked in cold weather",
)
THINGS: Final = (
    *("sailing boats", "dried figs", "surgical lamps", "wool carpets", "railway signals"),
    *("church organs", "hand-made paper", "mountain bicycles", "solar pumps", "stained glass"),
    *("smoked trout", "chess sets", "weather balloons", "ceramic tiles", "barley beer"),
)


def _attribute(kind: Kind, statements: str, questions: str) -> Attribute:
    return Attribute(kind, tuple(statements.split(" / ")), tuple(questions.split(" / ")))


_COMPANY: Final = Sort(
    ("{a} & {b}", "{a} Industries", "{a} Logistics", "{a}-{b} Group", "{a} Systems"),
    "The company",
    (
        _attribute(
            "year",
            "{e} was founded in {v} / {e} has been in business since {v}",
            "When was {e} founded? / In what year was {e} established? / {e} founding year",
        ),
        _attribute(
            "person",
            "{e} was started by {v} / {e} goes back to a workshop that {v} opened",
            "Who founded {e}? / who started {e} / Which person established {e}?",
        ),
        _attribute(
            "place",
            "{e} has its head office in {v} / {e} is run from {v}",
            "Where is the headquarters of {e}? / where is {e} based / "
            "In which city is {e}'s main office?",
        ),
        _attribute(
            "count",
            "{e} employs {v} people / {e} has a staff of {v}",
            "How many people work for {e}? / number of employees at {e} / "
            "How large is {e}'s workforce?",
        ),
        _attribute(
            "thing",
            "{e} is best known for its {v} / {e} mainly makes {v}",
            "What does {e} produce? / what is {e} known for / Which products does {e} make?",
        ),
        _attribute(
            "money",
            "{e} reported revenue of {v} last year / {e} had sales of {v}",
            "What was the revenue of {e}? / how much did {e} sell / What sales did {e} report?",
        ),
        _attribute(
            "reason",
            "{e} closed its northern plant because {v} / {e} gave up its northern plant since {v}",
            "Why did {e} close its northern plant? / reason for closing the northern plant of {e}",
        ),
    ),
)
_TOWN: Final = Sort(
    ("{a}ton", "{a}bridge", "Port {a}", "{a} Falls", "Saint {a}"),
    "The town",
    (
        _attribute(
            "count",
            "{e} has {v} inhabitants / {e} is home to {v} people",
            "What is the population of {e}? / how many people live in {e} / {e} population",
        ),
        _attribute(
            "year",
            "{e} received its charter in {v} / {e} became a city in {v}",
            "When did {e} get its charter? / In which year did {e} become a city?",
        ),
        _attribute(
            "person",
            "{e} has been led by mayor {v} for six years / {e} elected {v} as its mayor",
            "Who is the mayor of {e}? / mayor of {e} / Who leads the town of {e}?",
        ),
        _attribute(
            "thing",
            "{e} once lived on the trade in {v} / {e} grew rich by selling {v}",
            "What did {e} trade in? / What made {e} rich? / what was {e} famous for selling",
        ),
        _attribute(
            "length",
            "{e} lies {v} above the sea / {e} stands at an elevation of {v}",
            "How high is {e}? / elevation of {e} / At what height does {e} lie?",
        ),
        _attribute(
            "reason",
            "{e} moved its market hall because {v} / {e} rebuilt its market hall after {v}",
            "Why was the market hall of {e} moved? / what made {e} move its market hall",
        ),
    ),
)
_PERSON: Final = Sort(
    ("{f} {a}", "{f} {b}", "{f} {a}-{b}"),
    "The scientist",
    (
        _attribute(
            "year",
            "{e} was born in {v} / {e} came into the world in {v}",
            "When was {e} born? / birth year of {e} / In what year was {e} born?",
        ),
        _attribute(
            "place",
            "{e} grew up in {v} / {e} spent an unhappy childhood in {v}",
            "Where did {e} grow up? / where did {e} spend childhood / "
            "In which city was {e} raised?",
        ),
        _attribute(
            "person",
            "{e} was married to {v} / "
            "{e} shared a life and a laboratory with {v}, whom many took for a rival",
            "Who was {e} married to? / spouse of {e} / Whom did {e} live with?",
        ),
        _attribute(
            "thing",
            "{e} collected {v} / {e} left behind a large collection of {v}",
            "What did {e} collect? / what kind of collection did {e} have",
        ),
        _attribute(
            "reason",
            "{e} left the university because {v} / {e} resigned from the chair since {v}",
            "Why did {e} leave the university? / reason for {e} resigning",
        ),
        _attribute(
            "count",
            "{e} published {v} papers / {e} is the author of {v} articles",
            "How many papers did {e} publish? / number of articles by {e}",
        ),
    ),
)
_BUILDING: Final = Sort(
    ("the {a} Tower", "the {a} Bridge", "{a} Hall", "the {a} Library"),
    "The building",
    (
        _attribute(
            "person",
            "{e} was designed by {v} / {e} is the work of the architect {v}",
            "Who designed {e}? / architect of {e} / Who was the architect of {e}?",
        ),
        _attribute(
            "length",
            "{e} is {v} long / {e} measures {v} from end to end",
            "How long is {e}? / length of {e} / What does {e} measure?",
        ),
        _attribute(
            "year",
            "{e} was opened to the public in {v} / {e} was finished in {v}",
            "When was {e} opened? / When was {e} completed? / {e} opening year",
        ),
        _attribute(
            "money",
            "{e} cost {v} to build / {e} was paid for with a gift of {v}",
            "How much did {e} cost? / cost of building {e} / What was paid for {e}?",
        ),
        _attribute(
            "place",
            "{e} stands in the middle of {v} / {e} was built in {v}",
            "Where is {e}? / in which city is {e} / Where was {e} built?",
        ),
        _attribute(
            "reason",
            "{e} was closed for a year because {v} / {e} stayed shut for months since {v}",
            "Why was {e} closed? / why did {e} stay shut for a time",
        ),
    ),
)
_RULE: Final = Sort(
    ("the {a} handbook", "the {a} staff agreement", "the {a} office manual"),
    "The document",
    (
        _attribute(
            "days",
            "{e} gives every employee {v} of paid leave / {e} grants {v} of holiday a year",
            "How much paid leave does {e} give? / days of holiday under {e}",
        ),
        _attribute(
            "days",
            "{e} asks for travel claims within {v} / "
            "{e} says that expenses are to be sent in within {v} of a trip",
            "By when must expenses be claimed under {e}? / deadline for travel claims in {e}",
        ),
        _attribute(
            "money",
            "{e} limits gifts to {v} / {e} forbids presents worth more than {v}",
            "What is the limit for gifts in {e}? / highest value of presents allowed by {e}",
        ),
        _attribute(
            "person",
            "{e} names {v} as data protection officer / {e} sends questions about privacy to {v}",
            "Who is the data protection officer in {e}? / privacy contact named in {e}",
        ),
        _attribute(
            "days",
            "{e} sets a notice period of {v} / "
            "{e} lets either side end a contract with {v} of notice",
            "What notice period does {e} set? / notice period in {e}",
        ),
        _attribute(
            "reason",
            "{e} was rewritten because {v} / {e} was revised last spring since {v}",
            "Why was {e} rewritten? / reason for the revision of {e}",
        ),
    ),
)
SORTS: Final[Mapping[str, Sort]] = {
    "company": _COMPANY,
    "town": _TOWN,
    "person": _PERSON,
    "building": _BUILDING,
    "rule": _RULE,
}

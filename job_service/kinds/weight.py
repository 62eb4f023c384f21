"""A bound on how many keywords a schema evaluates at one value, which keeps every check short.

Most schemas evaluate each value a few times. Two constructs lead to very many times: references that double (`allOf` of
two references to an `allOf` of two …), and a recursion by two branches that evaluate the same item. Both are found from
the schema alone, as the largest number of keywords that can be evaluated at one value.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from job_service.kinds.subschemas import Place, Subschema, patterns_of
from job_service.lifecycle.errors import Invalid

MOST_LOOKS = 300
COST_OF_A_PATTERN = 30
COST_OF_A_LONG_PATTERN = 100

# Measured costs of slow keywords, in evaluations of `type`.
_COST_OF_A_MULTIPLE = 50
_COST_OF_A_CONTAINER = 20
_COST_OF_CONTAINS = 10
# `unevaluatedProperties` evaluates the keywords beside it up to three times.
_COST_OF_UNEVALUATED = 3

_LEVELS = 64
#: The most steps of all subschemas together: to go through these at each level takes a second.
_MOST_STEPS = 50_000

#: Subschemas that are evaluated at one value, and how often each of them is.
Meeting = frozenset[tuple[Place, int]]
#: For each item or member of a value: the subschemas that are evaluated there.
Steps = list[list[tuple[Place, int]]]


def weight(found: Mapping[Place, Subschema], cost_of_a_pattern: int = 1) -> int:
    """Return how many keywords can be evaluated at one value. Raises Invalid above 300, and for endless recursion."""
    closures: dict[Place, Counter[Place]] = {}
    for place in found:
        _close(place, found, closures)
    own = {place: _own(subschema, cost_of_a_pattern) for place, subschema in found.items()}
    looks = {place: sum(own[each] * times for each, times in closure.items()) for place, closure in closures.items()}
    going_down = {place: _going_down(closure, found) for place, closure in closures.items()}
    return _deepest(looks, going_down, _all_steps(set(going_down.values()), found))


def _deepest(looks: dict[Place, int], going_down: Mapping[Place, Meeting], steps: Mapping[Meeting, Steps]) -> int:
    """Go down a value level by level, as deep as a value may be, each time by the step with the most evaluations."""
    most = max(looks.values())
    for _ in range(_LEVELS):
        _require(most)
        met = {
            meeting: max((sum(looks[each] * times for each, times in step) for step in ways), default=0)
            for meeting, ways in steps.items()
        }
        below = {place: met[meeting] for place, meeting in going_down.items()}
        if below == looks:
            break
        looks, most = below, max(most, *below.values())
    _require(most)
    return most


def _require(looks: int) -> None:
    if looks > MOST_LOOKS:
        raise Invalid(
            f"too costly: at one value more than {MOST_LOOKS} keywords may be evaluated; "
            "fewer alternatives, no repeated references and no recursion by several branches make it cheaper"
        )


def _close(start: Place, found: Mapping[Place, Subschema], closures: dict[Place, Counter[Place]]) -> None:
    """Count, in `closures`, how often each subschema is evaluated at the same value, from `start` on."""
    open_: dict[Place, None] = {}
    waiting = [start]
    while waiting:
        place = waiting[-1]
        if place in closures:
            waiting.pop()
            continue
        missing = [each for each in found[place].in_place if each not in closures]
        if not missing:
            closures[place] = _sum(found[place], closures)
            _require(closures[place].total())
            open_.pop(place, None)
            waiting.pop()
        elif place in open_ and any(each in open_ for each in missing):
            raise Invalid.of([{"loc": [*place], "msg": "endless recursion: it applies itself to the same value"}])
        else:
            open_[place] = None
            waiting += missing


def _sum(subschema: Subschema, closures: dict[Place, Counter[Place]]) -> Counter[Place]:
    times = _COST_OF_UNEVALUATED if subschema.keywords.keys() & {"unevaluatedItems", "unevaluatedProperties"} else 1
    closed = Counter({subschema.place: 1})
    for each in subschema.in_place:
        for place, count in closures[each].items():
            closed[place] += count * times
    return closed


def _going_down(closure: Counter[Place], found: Mapping[Place, Subschema]) -> Meeting:
    """Return the subschemas of a closure that have subschemas for items or members, and how often each is evaluated."""
    return frozenset((place, times) for place, times in closure.items() if found[place].goes_down)


def _all_steps(meetings: set[Meeting], found: Mapping[Place, Subschema]) -> dict[Meeting, Steps]:
    """Return the steps of every meeting. Raises Invalid where it would take seconds to look at all of them."""
    there = {meeting: [(found[place], times) for place, times in meeting] for meeting in meetings}
    names = {meeting: {name for each, _ in met for name in each.named} for meeting, met in there.items()}
    if sum(len(met) * (2 + len(names[meeting])) for meeting, met in there.items()) > _MOST_STEPS:
        raise Invalid("too costly: too many properties beside references; fewer of either make it cheaper")
    return {meeting: list(_steps(met, names[meeting])) for meeting, met in there.items()}


def _steps(there: Sequence[tuple[Subschema, int]], names: Iterable[str]) -> Iterator[list[tuple[Place, int]]]:
    """Give the subschemas that are evaluated at an item, at a member of each name, and at any other member."""
    yield [(place, times) for each, times in there for place in each.items]
    yield [(place, times) for each, times in there for place in (*each.unnamed, *each.any_name)]
    for name in names:
        yield [(place, times) for each, times in there for place in _at(name, each)]


def _at(name: str, subschema: Subschema) -> Iterable[Place]:
    own = subschema.named.get(name)
    return (*((own,) if own is not None else subschema.unnamed), *subschema.any_name)


def _own(subschema: Subschema, cost_of_a_pattern: int) -> int:
    keywords = subschema.keywords
    required = keywords.get("dependentRequired")
    return (
        1
        + (len(required) if isinstance(required, dict) else 0)
        + cost_of_a_pattern * len(patterns_of(subschema))
        + _COST_OF_A_MULTIPLE * ("multipleOf" in keywords)
        + _COST_OF_CONTAINS * ("contains" in keywords)
        + _of_constants(keywords)
    )


def _of_constants(keywords: dict[str, object]) -> int:
    """Return the cost of `const` and `enum`: options of one simple type are hashed, others compared one by one."""
    options = keywords.get("enum")
    listed = options if isinstance(options, list) else []
    kinds = {type(each) for each in listed}
    looked_up = len(kinds) == 1 and kinds <= {str, int}
    return _size(keywords.get("const")) + (1 if looked_up else sum(map(_size, listed)))


def _size(value: object) -> int:
    total, waiting = 0, [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict | list):
            total += _COST_OF_A_CONTAINER
            waiting += each.values() if isinstance(each, dict) else each
        total += each is not None
    return total

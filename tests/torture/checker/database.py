"""The database at the end, read with majority: the jobs, and every change of them since the beginning of the run."""

from typing import Any

from pymongo.database import Database
from pymongo.read_concern import ReadConcern

from tests.torture.checker.evidence import Change, End, Job

_SIDES = ("inprogress", "completed")
_MARK = "torture_mark"


def read_end(database: Database[dict[str, Any]], begun_at: Any) -> End:
    """Read what is there; `begun_at` is the operation time of the beginning."""
    certain = database.with_options(read_concern=ReadConcern("majority"))
    inprogress, completed = ({job["_id"]: job for job in certain[side].find()} for side in _SIDES)
    pieces: dict[str, list[Job]] = {}
    for piece in certain["attempt_logs"].find().sort("_id", 1):
        pieces.setdefault(piece["_id"].split("/")[0], []).append(piece)
    return End(inprogress, completed, _trail(database, begun_at), pieces)


def _trail(database: Database[dict[str, Any]], begun_at: Any) -> list[Change]:
    """Read the changes up to a mark that is set now."""
    mark = database[_MARK].insert_one({}).inserted_id
    found: list[Change] = []
    wanted = [{"$match": {"ns.coll": {"$in": [*_SIDES, _MARK]}}}]
    with database.watch(wanted, start_at_operation_time=begun_at) as stream:
        for change in stream:
            if change["documentKey"]["_id"] == mark:
                return found
            if change["ns"]["coll"] in _SIDES:
                found.append(_change(change))
    raise EOFError("The log of changes ended before the mark")


def _change(change: dict[str, Any]) -> Change:
    update = change.get("updateDescription", {})
    return Change(
        change["ns"]["coll"],
        change["documentKey"]["_id"],
        change["operationType"],
        change["wallTime"].timestamp(),
        update.get("updatedFields") or change.get("fullDocument") or {},
        tuple(update.get("removedFields", ())),
    )

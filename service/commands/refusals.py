"""What the API's refusals mean to whoever typed the command, and what to type instead.

The rule to remember: a refusal ends with its remedy, ready to be typed; words for states are those of the ticker.
"""

from typing import get_args

from service import client, program
from service.commands.ground import Failed
from service.domain.alert import State
from service.domain.lifecycle import OVER, Verb, fitting
from service.logs import escape

STATES = {"withheld": "on hold", "canceled": "withdrawn"}
"""States whose names are not what people say."""
TYPED: dict[Verb, str] = {
    "update": "update {id} --headline …",
    "correct": "correct {id} --headline … --wrong … --severity major",
    "hold": "hold {id}",
    "approve": "approve {id}",
    "release": "release {id}",
    "kill": "kill {id} --reason …",
}
"""How a verb is typed. `undo` is offered by `post` alone: whoever is refused has no seconds left."""
FITTING: dict[str, tuple[Verb, ...]] = {state: fitting(state) for state in get_args(State)}


def refusal(refused: client.Refused, path: str) -> Failed:
    """What ends a command whose request to `path` was refused."""
    alert_id, _, verb = path.removeprefix("/v1/alerts/").partition("/")
    match str(refused.problem.get("type", "")).rpartition("/")[2]:
        case "fuse-over":
            said = "it is too late to undo, phones may ring by now; correct or kill it instead:"
            return _with_remedies(refused, said, alert_id, ("kill", "correct"))
        case "approval-needed":
            return _with_remedies(refused, f"{refused}:", alert_id, ("update",))
        case "unauthorized":
            create = f"{program.name()} keys create --role duty --name …"
            rest = "makes another for FLASHWIRE_KEY; `up` makes itself one when it starts again"
            return Failed(f"refused ({refused.status}): {refused}\n  {create}\n{rest}")
        case "near-duplicate":
            return _near_duplicate(refused)
        case "wrong-state":
            return _wrong_state(refused, alert_id, verb)
    separator = "\n" if refused.problem.get("errors") else " "
    return Failed(f"refused ({refused.status}):{separator}{refused}")


def _near_duplicate(refused: client.Refused) -> Failed:
    found = refused.problem.get("duplicates")
    if not isinstance(found, list) or not found or not isinstance(found[0], dict):
        return Failed(f"refused ({refused.status}): {refused}")
    alert_id, headline = (escape(str(found[0].get(name))) for name in ("id", "headline"))
    return Failed(
        f"refused ({refused.status}): {alert_id} says the same: {headline}\n"
        f"  {program.name()} update {alert_id} --headline …\n"
        "if it is different news: --override near-duplicate --reason …"
    )


def _wrong_state(refused: client.Refused, alert_id: str, verb: str) -> Failed:
    state = str(refused.problem.get("state"))
    instead = FITTING.get(state, ())
    said = f"{escape(verb)} does not fit an alert that is {escape(STATES.get(state, state))}; "
    said += "what does:" if instead else OVER
    return _with_remedies(refused, said, alert_id, instead)


def _with_remedies(refused: client.Refused, said: str, alert_id: str, verbs: tuple[Verb, ...]) -> Failed:
    commands = [f"  {program.name()} {TYPED[verb].format(id=alert_id)}" for verb in verbs]
    return Failed("\n".join((f"refused ({refused.status}): {said}", *commands)))

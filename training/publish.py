"""python -m training.publish: checkpoint and app -> Hugging Face.

    python -m training.publish USER/SPACE                       says what would be sent and what is missing
    python -m training.publish USER/SPACE --yes                 sends it, waits until it runs, asks it for a forecast
    python -m training.publish --model USER/MODEL --yes         sends the weights alone, with their card

The same command again carries on where it was interrupted; what has not changed is not sent.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from rnn_model.errors import UnrolledError
from training import hub
from training.bundle import SERVED, Bundle, model_bundle, space_bundle

if TYPE_CHECKING:
    from huggingface_hub import HfApi

ROOT = Path(__file__).resolve().parent.parent


def main(argv: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Runs the command on the checkout at `root`; 0 when all is well, 1 with what is wrong on standard error."""
    arguments = _parse(argv)
    try:
        return _run(arguments, root)
    except UnrolledError as error:
        print(f"error: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("stopped; the same command carries on", file=sys.stderr)
        return 130
    return 1


def _run(arguments: argparse.Namespace, root: Path) -> int:
    bundles = []
    if arguments.model:
        bundles.append(model_bundle(root, root / (arguments.weights or SERVED), arguments.model))
    if arguments.space:
        bundles.append(space_bundle(root, arguments.space, (arguments.model,) if arguments.model else ()))
    print("\n\n".join(map(plan, bundles)), end="\n\n")

    api = hub.connect()
    misnamed = {bundle.name: hub.name_problems(bundle.name) for bundle in bundles}
    found = [*(bundle.problems for bundle in bundles), *misnamed.values()]
    found.append(hub.account_problems(api, [bundle for bundle in bundles if not misnamed[bundle.name]]))
    problems = list(dict.fromkeys(chain.from_iterable(found)))
    if problems:
        listed = "\n".join(f"- {problem}" for problem in problems)
        print(f"Nothing was sent. To be mended first:\n{listed}", file=sys.stderr)
        return 1
    if not arguments.yes:
        print("Nothing was sent. All is ready: give --yes to send it.")
        return 0
    for bundle in bundles:
        _publish(api, bundle, 60 * arguments.wait)
    return 0


def plan(bundle: Bundle) -> str:
    """Every file with its size, as lines of text."""
    lines = [f"{bundle.kind} {bundle.name}"]
    lines += [f"{len(content):>12,}  {path}" for path, content in bundle.files.items()]
    lines += [f"{bundle.size:>12,}  bytes in {len(bundle.files)} files"]
    if bundle.left_out:
        lines += [f"Left out, being of no kind that is sent: {', '.join(bundle.left_out)}"]
    return "\n".join(lines)


def _publish(api: HfApi, bundle: Bundle, limit: float) -> None:
    former = hub.look(api, bundle)
    commit = hub.send(api, bundle, print)
    news = "nothing had changed" if commit == former.commit else f"sent as commit {commit[:8]}"
    print(f"{bundle.kind} {bundle.name}: {news}", flush=True)
    if bundle.kind == "model":
        print(f"{api.endpoint}/{bundle.name}")
        return
    try:
        address = hub.wait_until_running(api, bundle.name, commit, limit, _progress())
        median = hub.try_forecast(address)
    except hub.BrokenSpaceError as error:
        raise hub.PublishError(_undone(api, bundle, former, commit, error)) from error
    print(
        f"It forecast {', '.join(f'{value:.4g}' for value in median)}.\n{api.endpoint}/spaces/{bundle.name}\n{address}"
    )


def _undone(api: HfApi, bundle: Bundle, former: hub.Standing, commit: str, error: hub.BrokenSpaceError) -> str:
    """Puts a working version back in place of a broken one, if there was one, and says where things stand."""
    broken = f"space {bundle.name}: expected the new version to run, found: {error}."
    again = "Mend it here, try it with python app.py, then run the same command again."
    if former.commit in (None, commit) or "app.py" not in former.files:
        return f"{broken} There was no other version before it. {again}"
    try:
        restored = hub.restore(api, bundle, former, print)
    except hub.PublishError as failed:
        return f"{broken} Putting the former version back failed, too: {failed} {again}"
    return f"{broken} The former version was put back as commit {restored[:8]}. {again}"


def _progress() -> Callable[[str], None]:
    """Shows the stage: one line that is written over on a terminal, else a line whenever the stage changes."""
    last = ""

    def say(text: str) -> None:
        nonlocal last
        stage = text.split(",")[0]
        if sys.stdout.isatty():
            print(f"\r\x1b[K{text}", end="\n" if stage == "running" else "", flush=True)
        elif stage != last:
            print(text, flush=True)
        last = stage

    return say


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.publish", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("space", nargs="?", metavar="USER/SPACE", help="the Space to create or to bring up to date")
    parser.add_argument("--model", metavar="USER/MODEL", help="publish a checkpoint as a model of this name")
    parser.add_argument(
        "--weights",
        metavar="FOLDER",
        help=f"the checkpoint of --model (default {SERVED}); a Space has the packaged ones",
    )
    parser.add_argument("--yes", action="store_true", help="do it; without it nothing is sent")
    parser.add_argument(
        "--wait", type=_minutes, default=20.0, metavar="MINUTES", help="how long to wait for the Space (default 20)"
    )
    arguments = parser.parse_args(argv)
    if not arguments.space and not arguments.model:
        parser.error("expected USER/SPACE or --model USER/MODEL, found neither")
    if arguments.weights and not arguments.model:
        parser.error("--weights: expected with --model, since a Space has the packaged ones. Leave it out.")
    return arguments


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not 0 < minutes <= 24 * 60:
        raise argparse.ArgumentTypeError(f"expected minutes above 0, found {text!r}")
    return minutes


if __name__ == "__main__":
    sys.exit(main())

"""Progress bars on stderr, one a stage."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed
from rich.progress import TimeRemainingColumn as Remaining

TITLES = {
    "frames": "decoding and finding faces",
    "faces": "following people",
    "references": "reading references",
    "methods": "examining",
    "report": "writing the report",
}


class Bars:
    """Shows progress as it is told of it; silent where it is asked to be, or not on a terminal."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<28}"), BarColumn(bar_width=28), MofNCompleteColumn(),
            Elapsed(), Remaining(), console=console, disable=quiet or not console.is_terminal,
        )  # fmt: skip
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def update(self, stage: str, done: int, total: int) -> None:
        """Show that so much of a stage is done; a total of 0 is not known yet."""
        if stage not in self._tasks:
            if total == 0 and done == 0:
                return
            title = TITLES.get(stage, stage)
            self._tasks[stage] = self._progress.add_task(title, total=total or None)
        self._progress.update(
            self._tasks[stage], completed=done, total=max(total, done) if total else None
        )
